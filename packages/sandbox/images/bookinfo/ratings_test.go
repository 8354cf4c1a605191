package main

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestRatings(t *testing.T) {
	handler := service(t, "ratings")
	wantJSON(t, get(t, handler, "/ratings/0"), http.StatusOK, `{"id": 0, "ratings": {"Reviewer1": 5, "Reviewer2": 4}}`)
	wantJSON(t, get(t, handler, "/health"), http.StatusOK, `{"status": "Ratings is healthy"}`)

	posted := `{"id": 0, "ratings": {"Reviewer1": 1, "Reviewer2": 2}}`
	wantJSON(t, post(t, handler, "/ratings/0", ` {"Reviewer1": 1, "Reviewer2": 2} `), http.StatusOK, posted)
	wantJSON(t, get(t, handler, "/ratings/0"), http.StatusOK, posted)
	wantJSON(t, get(t, handler, "/ratings/1"), http.StatusOK, `{"id": 1, "ratings": {"Reviewer1": 5, "Reviewer2": 4}}`)
}

func TestRatingsRefusals(t *testing.T) {
	notNumeric := `{"error": "please provide numeric product ID"}`
	notJSON := `{"error": "please provide valid ratings JSON"}`
	handler := service(t, "ratings")
	for _, test := range []struct{ name, path, body, want string }{
		{"no number", "/ratings/abc", `{}`, notNumeric},
		{"no id", "/ratings/", `{}`, notNumeric},
		{"no JSON", "/ratings/0", `{"Reviewer1": `, notJSON},
		{"no body", "/ratings/0", ``, notJSON},
		{"too large", "/ratings/0", `"` + strings.Repeat("x", postLimit) + `"`, notJSON},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantJSON(t, post(t, handler, test.path, test.body), http.StatusBadRequest, test.want)
		})
	}
	wantJSON(t, get(t, handler, "/ratings/abc"), http.StatusBadRequest, notNumeric)
	wantJSON(t, get(t, handler, "/ratings/0"), http.StatusOK, `{"id": 0, "ratings": {"Reviewer1": 5, "Reviewer2": 4}}`)
}

func TestRatingsVersions(t *testing.T) {
	good := `{"id": 0, "ratings": {"Reviewer1": 5, "Reviewer2": 4}}`
	down := `{"error": "Service unavailable"}`
	for _, test := range []struct {
		name, version string
		elapsed       time.Duration
		chance        float64
		status        int
		body          string
		waits         time.Duration
		unhealthy     bool
	}{
		{name: "v1", version: "v1", elapsed: unhealthyEvery, status: 200, body: good},
		{
			name: "no database", version: "v2",
			status: 500, body: `{"error": "could not connect to ratings database"}`,
		},
		{name: "faulty", version: "v-faulty", chance: 0.4, status: 503, body: down},
		{name: "not faulty", version: "v-faulty", chance: 0.6, status: 200, body: good},
		{name: "delayed", version: "v-delayed", chance: 0.4, status: 200, body: good, waits: 7 * time.Second},
		{name: "not delayed", version: "v-delayed", chance: 0.6, status: 200, body: good},
		{name: "available", version: "v-unavailable", elapsed: 59 * time.Second, status: 200, body: good},
		{name: "unavailable", version: "v-unavailable", elapsed: time.Minute, status: 503, body: down},
		{name: "available again", version: "v-unavailable", elapsed: 2 * time.Minute, status: 200, body: good},
		{name: "healthy", version: "v-unhealthy", elapsed: 14 * time.Minute, status: 200, body: good},
		{
			name: "unhealthy", version: "v-unhealthy", elapsed: 15 * time.Minute,
			status: 503, body: down, unhealthy: true,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var waited time.Duration
			service := &ratings{
				version: test.version,
				elapsed: func() time.Duration { return test.elapsed },
				chance:  func() float64 { return test.chance },
				wait:    func(pause time.Duration, _ *http.Request) { waited += pause },
			}
			wantJSON(t, get(t, service.routes(), "/ratings/0"), test.status, test.body)
			if healthy := get(t, service.routes(), "/health"); test.unhealthy {
				wantJSON(t, healthy, http.StatusInternalServerError, `{"status": "Ratings is not healthy"}`)
			} else {
				wantJSON(t, healthy, http.StatusOK, `{"status": "Ratings is healthy"}`)
			}
			if waited != test.waits {
				t.Errorf("waited %s, want %s", waited, test.waits)
			}
		})
	}
}

func TestPostIsNotImplementedForADatabase(t *testing.T) {
	wantJSON(t, post(t, service(t, "ratings", "SERVICE_VERSION=v2"), "/ratings/0", `{}`), http.StatusNotImplemented,
		`{"error": "Post not implemented for database backed ratings"}`)
}
