package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net"
	"net/http"
	"time"
)

// stopWithin is how long running requests may take after the signal to stop.
const stopWithin = 4500 * time.Millisecond

// serve answers requests until ctx ends. Then it lets running requests finish, for at most stopWithin.
//
// The write timeout is longer than the slowest intended answer: reviews waits 10 s for ratings, and productpage tries reviews
// twice for each request of FLOOD_FACTOR. Idle connections stay open for long, because a sidecar answers 503 if it reuses a
// connection at the moment when it is closed.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       10 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	log.Print("stopping")
	grace, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	if err := server.Shutdown(grace); errors.Is(err, context.DeadlineExceeded) {
		return server.Close()
	} else if err != nil {
		return err
	}
	return nil
}

// logged writes one line for each request, after the answer.
func logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		recorder := &statusRecorder{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(recorder, r)
		// In quotes, because the client chooses the path and the header.
		log.Printf("%s %q %d %s request-id=%q", r.Method, r.RequestURI, recorder.status,
			time.Since(start).Round(100*time.Microsecond), r.Header.Get("X-Request-Id"))
	})
}

// statusRecorder stores the status of an answer.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// failure is the JSON that every service sends with a status other than 200.
type failure struct {
	Error string `json:"error"`
}

// health is the JSON of /health of all services except productpage.
type health struct {
	Status string `json:"status"`
}

// healthy answers /health.
func healthy(status string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, health{status})
	}
}

// writeJSON sends value as JSON.
func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		log.Printf("cannot send the answer: %v", err)
	}
}
