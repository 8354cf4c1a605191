package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestPort(t *testing.T) {
	for _, test := range []struct {
		name      string
		args      []string
		variables []string
		want      string
	}{
		{"default", nil, nil, "9080"},
		{"variable", nil, []string{"PORT=8000"}, "8000"},
		{"argument", []string{"8001"}, []string{"PORT=8000"}, "8001"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, err := portOf(test.args, environment(test.variables...)); got != test.want || err != nil {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestRefusedCommandLines(t *testing.T) {
	for _, args := range [][]string{
		nil, {"shop"}, {"details", "x"}, {"details", "0"}, {"details", "65536"}, {"details", ""}, {"details", "1", "2"},
	} {
		if err := run(context.Background(), args, environment()); !errors.Is(err, errUsage) {
			t.Errorf("%q: %v", args, err)
		}
	}
	err := run(context.Background(), []string{"productpage"}, environment("FLOOD_FACTOR=x"))
	if err == nil || errors.Is(err, errUsage) || !strings.HasPrefix(err.Error(), "bookinfo productpage: FLOOD_FACTOR") {
		t.Errorf("got %v", err)
	}
}

func TestServeFinishesRequestsUnderWay(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(started)
		time.Sleep(50 * time.Millisecond)
		io.WriteString(w, "done")
	})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, listener, slow) }()
	answer := make(chan string, 1)
	go func() {
		response, err := http.Get("http://" + listener.Addr().String())
		if err != nil {
			answer <- err.Error()
			return
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		answer <- string(body)
	}()
	<-started
	stop()
	if got := <-answer; got != "done" {
		t.Errorf("got %q", got)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("still serving")
	}
}

func TestRequestLog(t *testing.T) {
	var lines bytes.Buffer
	log.SetOutput(&lines)
	defer log.SetOutput(io.Discard)
	request := httptest.NewRequest(http.MethodGet, "/other", nil)
	request.RequestURI = "/other\nGET /forged"
	send(t, logged(service(t, "details")), request, "x-request-id: 7")
	got := lines.String()
	if strings.Count(got, "\n") != 1 || !strings.Contains(got, `GET "/other\nGET /forged" 404 `) ||
		!strings.HasSuffix(got, " request-id=\"7\"\n") {
		t.Errorf("got %q", got)
	}
}
