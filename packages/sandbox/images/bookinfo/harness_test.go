package main

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard)
	os.Exit(m.Run())
}

// environment returns the variables given as NAME=value, and no other ones.
func environment(variables ...string) getenv {
	values := map[string]string{}
	for _, variable := range variables {
		name, value, _ := strings.Cut(variable, "=")
		values[name] = value
	}
	return func(name string) string { return values[name] }
}

// service makes a role, and fails the test if that is impossible.
func service(t *testing.T, role string, variables ...string) http.Handler {
	t.Helper()
	handler, err := roles[role](environment(variables...))
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

// at serves a handler, and returns the variables with its address under a name such as DETAILS.
func at(t *testing.T, name string, handler http.Handler) []string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return variables(t, name, server)
}

// nowhere returns the variables with the address of a service that is down.
func nowhere(t *testing.T, name string) []string {
	t.Helper()
	server := httptest.NewServer(nil)
	defer server.Close()
	return variables(t, name, server)
}

func variables(t *testing.T, name string, server *httptest.Server) []string {
	t.Helper()
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return []string{name + "_HOSTNAME=" + address.Hostname(), name + "_SERVICE_PORT=" + address.Port()}
}

// get sends one GET with headers given as "name: value".
func get(t *testing.T, handler http.Handler, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return send(t, handler, httptest.NewRequest(http.MethodGet, path, nil), headers...)
}

// post sends one POST with headers given as "name: value".
func post(t *testing.T, handler http.Handler, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return send(t, handler, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)), headers...)
}

func send(t *testing.T, handler http.Handler, request *http.Request, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Set(name, value)
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder
}

// wantJSON compares status, content type and body, but not the order of keys and white space.
func wantJSON(t *testing.T, got *httptest.ResponseRecorder, status int, body string) {
	t.Helper()
	if got.Code != status {
		t.Errorf("status %d, want %d", got.Code, status)
	}
	if kind := got.Header().Get("Content-Type"); kind != "application/json" {
		t.Errorf("content type %q, want application/json", kind)
	}
	var have, want any
	if err := json.Unmarshal(got.Body.Bytes(), &have); err != nil {
		t.Fatalf("%v: %s", err, got.Body)
	}
	if err := json.Unmarshal([]byte(body), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(have, want) {
		t.Errorf("got  %s\nwant %s", got.Body, body)
	}
}

// wantText checks that a body contains all of the texts.
func wantText(t *testing.T, got *httptest.ResponseRecorder, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(got.Body.String(), text) {
			t.Errorf("%q is missing in\n%s", text, got.Body)
		}
	}
}

// wantNoText checks that a body contains none of the texts.
func wantNoText(t *testing.T, got *httptest.ResponseRecorder, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(got.Body.String(), text) {
			t.Errorf("%q must not be in\n%s", text, got.Body)
		}
	}
}

// answering is a backend that always sends the same answer.
func answering(status int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	})
}

// silent is a backend that does not answer as long as the client waits, for at most a second.
func silent(asked chan<- struct{}) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		waitFor(time.Second, r)
	})
}
