package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestBackendAddress(t *testing.T) {
	for _, test := range []struct {
		name      string
		variables []string
		want      string
	}{
		{"default", nil, "http://ratings:9080/ratings"},
		{"domain", []string{"SERVICES_DOMAIN=shop.svc"}, "http://ratings.shop.svc:9080/ratings"},
		{"host", []string{"RATINGS_HOSTNAME=stars"}, "http://stars:9080/ratings"},
		{
			"all", []string{"RATINGS_HOSTNAME=stars", "SERVICES_DOMAIN=shop", "RATINGS_SERVICE_PORT=80"},
			"http://stars.shop:80/ratings",
		},
		{"of another", []string{"DETAILS_HOSTNAME=book", "DETAILS_SERVICE_PORT=80"}, "http://ratings:9080/ratings"},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, err := newBackend("ratings", time.Second, environment(test.variables...))
			if err != nil {
				t.Fatal(err)
			}
			if found.url() != test.want {
				t.Errorf("got %s, want %s", found.url(), test.want)
			}
		})
	}
	for _, port := range []string{"tcp://10.0.0.1:9080", "0", "65536", "-1"} {
		_, err := newBackend("ratings", time.Second, environment("RATINGS_SERVICE_PORT="+port))
		if err == nil || !strings.Contains(err.Error(), "RATINGS_SERVICE_PORT") {
			t.Errorf("%s: %v", port, err)
		}
	}
}

func TestBackendGet(t *testing.T) {
	for _, test := range []struct {
		name       string
		answer     http.Handler
		wantStatus int
		wantErr    bool
	}{
		{"JSON", answering(200, `{}`), 200, false},
		{"not JSON", answering(200, `{`), 0, true},
		{"too long", answering(200, `"`+strings.Repeat("x", answerLimit)+`"`), 0, true},
		{"refused", answering(404, `{}`), 404, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, err := newBackend("ratings", time.Second, environment(at(t, "RATINGS", test.answer)...))
			if err != nil {
				t.Fatal(err)
			}
			status, _, err := found.get(context.Background(), "0", http.Header{})
			if status != test.wantStatus || (err != nil) != test.wantErr {
				t.Errorf("status %d, error %v", status, err)
			}
		})
	}
}
