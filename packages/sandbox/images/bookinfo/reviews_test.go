package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestReviewsVersions(t *testing.T) {
	ratings := at(t, "RATINGS", service(t, "ratings"))
	for _, test := range []struct {
		name          string
		environment   []string
		first, second string
	}{
		{"v1", nil, ``, ``},
		{"v1, explicitly", []string{"ENABLE_RATINGS=false", "STAR_COLOR=red"}, ``, ``},
		{"v2", []string{"ENABLE_RATINGS=true"}, `{"stars": 5, "color": "black"}`, `{"stars": 4, "color": "black"}`},
		{
			"v3", []string{"ENABLE_RATINGS=True", "STAR_COLOR=red"},
			`{"stars": 5, "color": "red"}`, `{"stars": 4, "color": "red"}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			handler := service(t, "reviews", append(append(test.environment, ratings...), "HOSTNAME=reviews-pod")...)
			wantReviews(t, get(t, handler, "/reviews/0").Body.Bytes(), test.first, test.second)
		})
	}
}

// wantReviews checks the fields of an answer of reviews except the texts. An empty rating must be absent.
func wantReviews(t *testing.T, body []byte, ratings ...string) {
	t.Helper()
	var answer struct {
		ID, PodName, ClusterName string
		Reviews                  []map[string]any
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatal(err)
	}
	if answer.ID != "0" || answer.PodName != "reviews-pod" || answer.ClusterName != "null" {
		t.Errorf("got %s", body)
	}
	if len(answer.Reviews) != len(ratings) {
		t.Fatalf("%d reviews, want %d", len(answer.Reviews), len(ratings))
	}
	for index, review := range answer.Reviews {
		if reviewer := fmt.Sprintf("Reviewer%d", index+1); review["reviewer"] != reviewer {
			t.Errorf("reviewer %v, want %s", review["reviewer"], reviewer)
		}
		if text, ok := review["text"].(string); !ok || text == "" {
			t.Errorf("text %v", review["text"])
		}
		want := map[string]any(nil)
		if ratings[index] != "" {
			if err := json.Unmarshal([]byte(ratings[index]), &want); err != nil {
				t.Fatal(err)
			}
		}
		if got, _ := review["rating"].(map[string]any); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("rating %v, want %v", got, want)
		}
	}
}

func TestReviewsWithoutUsableRatings(t *testing.T) {
	unavailable := `{"error": "Ratings service is currently unavailable"}`
	for _, test := range []struct {
		name          string
		ratings       []string
		first, second string
	}{
		{"down", nowhere(t, "RATINGS"), unavailable, unavailable},
		{"failing", at(t, "RATINGS", answering(503, `{"error": "Service unavailable"}`)), unavailable, unavailable},
		{"not JSON", at(t, "RATINGS", answering(200, `<html>`)), unavailable, unavailable},
		{"not an object", at(t, "RATINGS", answering(200, `{"ratings": [1, 2]}`)), unavailable, unavailable},
		{"no ratings", at(t, "RATINGS", answering(200, `{}`)), unavailable, unavailable},
		{
			"one reviewer only", at(t, "RATINGS", answering(200, `{"ratings": {"Reviewer2": 0, "Reviewer1": "5"}}`)),
			unavailable, `{"stars": 0, "color": "black"}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			handler := service(t, "reviews", append(test.ratings, "HOSTNAME=reviews-pod", "ENABLE_RATINGS=true")...)
			got := get(t, handler, "/reviews/0")
			if got.Code != http.StatusOK {
				t.Errorf("status %d, want 200", got.Code)
			}
			wantReviews(t, got.Body.Bytes(), test.first, test.second)
		})
	}
}

func TestReviewsPatience(t *testing.T) {
	for color, want := range map[string]time.Duration{
		"":      10 * time.Second,
		"black": 10 * time.Second,
		"red":   2500 * time.Millisecond,
	} {
		where, err := newReviewsService(environment("ENABLE_RATINGS=true", "STAR_COLOR="+color))
		if err != nil {
			t.Fatal(err)
		}
		if got := where.ratings.timeout; got != want {
			t.Errorf("stars %q: %s, want %s", color, got, want)
		}
	}
}

func TestReviewsGiveUpOnSilentRatings(t *testing.T) {
	asked := make(chan struct{}, 1)
	where, err := newReviewsService(environment(append(at(t, "RATINGS", silent(asked)),
		"HOSTNAME=reviews-pod", "ENABLE_RATINGS=true")...))
	if err != nil {
		t.Fatal(err)
	}
	where.ratings.timeout = 20 * time.Millisecond
	unavailable := `{"error": "Ratings service is currently unavailable"}`
	wantReviews(t, get(t, where.routes(), "/reviews/0").Body.Bytes(), unavailable, unavailable)
	if len(asked) != 1 {
		t.Errorf("asked %d times, want once", len(asked))
	}
}

func TestReviewsPaths(t *testing.T) {
	handler := service(t, "reviews", "HOSTNAME=reviews-pod", "CLUSTER_NAME=east")
	wantJSON(t, get(t, handler, "/health"), http.StatusOK, `{"status": "Reviews is healthy"}`)
	wantText(t, get(t, handler, "/reviews/7"), `"id":"7"`, `"clustername":"east"`)
	for _, path := range []string{"/reviews/abc", "/reviews/99999999999", "/reviews/", "/reviews"} {
		if got := get(t, handler, path); got.Code != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", path, got.Code)
		}
	}
	if got := post(t, handler, "/reviews/0", ""); got.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d, want 405", got.Code)
	}
}

func TestReviewsForwardTheVisitor(t *testing.T) {
	var seen http.Header
	ratings := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header
		fmt.Fprint(w, `{"ratings": {}}`)
	})
	handler := service(t, "reviews", append(at(t, "RATINGS", ratings), "ENABLE_RATINGS=true")...)
	get(t, handler, "/reviews/0", "end-user: jason", "x-request-id: 1", "x-other: 2")
	got := strings.Join([]string{seen.Get("End-User"), seen.Get("X-Request-Id"), seen.Get("X-Other")}, ",")
	if got != "jason,1," {
		t.Errorf("got %q", got)
	}
}
