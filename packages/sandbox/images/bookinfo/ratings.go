package main

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"path"
	"strconv"
	"sync"
	"time"
)

// bookRatings is the JSON of /ratings/<id>. A posted body comes back unchanged, so the ratings may be any JSON.
type bookRatings struct {
	ID      int             `json:"id"`
	Ratings json.RawMessage `json:"ratings"`
}

// initialRatings are the ratings of every product without posted ratings.
var initialRatings = json.RawMessage(`{"Reviewer1":5,"Reviewer2":4}`)

const (
	// postLimit is the largest body of a POST, in bytes.
	postLimit = 64 << 10
	// slowAnswer is the delay of half of the answers of v-delayed.
	slowAnswer = 7 * time.Second
	// v-unavailable and v-unhealthy change their state at these intervals. The second one is longer than the 10 minutes
	// after which Kubernetes resets the delay before a container's restart.
	unavailableEvery = time.Minute
	unhealthyEvery   = 15 * time.Minute
)

// ratings is the ratings service. It keeps its ratings in memory.
type ratings struct {
	version string
	// elapsed is the time since the start, chance a number in [0, 1), and wait a pause. Tests replace them.
	elapsed func() time.Duration
	chance  func() float64
	wait    func(time.Duration, *http.Request)

	mu     sync.Mutex
	posted map[int]json.RawMessage
}

// newRatings makes the ratings service:
//
//	GET  /ratings/<id>  {"id": 0, "ratings": {"Reviewer1": 5, "Reviewer2": 4}}, or what was posted
//	POST /ratings/<id>  stores the body, which must be JSON, as the ratings of that product, and answers as GET does
//	GET  /health        {"status": "Ratings is healthy"}
//
// An id that is not a number gets 400. SERVICE_VERSION selects a behavior (default v1):
//
//	v1             answers from memory
//	v2             needs a database, which the stand-in does not have: GET 500, POST 501
//	v-faulty       503 for half of the requests
//	v-delayed      7 s for half of the requests
//	v-unavailable  503 in every other minute
//	v-unhealthy    503, and 500 from /health, in every other quarter of an hour
func newRatings(env getenv) (http.Handler, error) {
	start := time.Now()
	service := &ratings{
		version: env("SERVICE_VERSION"),
		elapsed: func() time.Duration { return time.Since(start) },
		chance:  rand.Float64,
		wait:    waitFor,
		posted:  map[int]json.RawMessage{},
	}
	return service.routes(), nil
}

func (s *ratings) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ratings/", s.send)
	mux.HandleFunc("POST /ratings/", s.store)
	mux.HandleFunc("GET /health", s.health)
	return mux
}

func (s *ratings) send(w http.ResponseWriter, r *http.Request) {
	id, ok := productNumber(w, r)
	if !ok {
		return
	}
	switch {
	case s.version == "v2":
		writeJSON(w, http.StatusInternalServerError, failure{"could not connect to ratings database"})
		return
	case s.version == "v-faulty" && s.chance() < 0.5, s.unavailable():
		writeJSON(w, http.StatusServiceUnavailable, failure{"Service unavailable"})
		return
	case s.version == "v-delayed" && s.chance() < 0.5:
		s.wait(slowAnswer, r)
	}
	s.mu.Lock()
	posted, changed := s.posted[id]
	s.mu.Unlock()
	if !changed {
		posted = initialRatings
	}
	writeJSON(w, http.StatusOK, bookRatings{id, posted})
}

func (s *ratings) store(w http.ResponseWriter, r *http.Request) {
	id, ok := productNumber(w, r)
	if !ok {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, postLimit))
	if err != nil || !json.Valid(body) {
		writeJSON(w, http.StatusBadRequest, failure{"please provide valid ratings JSON"})
		return
	}
	if s.version == "v2" {
		writeJSON(w, http.StatusNotImplemented, failure{"Post not implemented for database backed ratings"})
		return
	}
	s.mu.Lock()
	s.posted[id] = body
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, bookRatings{id, body})
}

func (s *ratings) health(w http.ResponseWriter, _ *http.Request) {
	if s.version == "v-unhealthy" && s.unavailable() {
		writeJSON(w, http.StatusInternalServerError, health{"Ratings is not healthy"})
		return
	}
	writeJSON(w, http.StatusOK, health{"Ratings is healthy"})
}

// unavailable tells whether the service is in an interval in which it fails. In the first interval it works.
func (s *ratings) unavailable() bool {
	switch s.version {
	case "v-unavailable":
		return s.elapsed()/unavailableEvery%2 == 1
	case "v-unhealthy":
		return s.elapsed()/unhealthyEvery%2 == 1
	default:
		return false
	}
}

// productNumber reads the id at the end of the path. If it is not a number, productNumber answers 400 and returns false.
func productNumber(w http.ResponseWriter, r *http.Request) (id int, ok bool) {
	id, err := strconv.Atoi(path.Base(r.URL.Path))
	if err != nil {
		writeJSON(w, http.StatusBadRequest, failure{"please provide numeric product ID"})
	}
	return id, err == nil
}

// waitFor waits, but at most as long as the client.
func waitFor(pause time.Duration, r *http.Request) {
	select {
	case <-time.After(pause):
	case <-r.Context().Done():
	}
}
