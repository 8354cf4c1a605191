package main

import (
	"cmp"
	"context"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// How long reviews waits for ratings. v2 (black stars) waits longer than productpage waits for reviews, v3 less.
const (
	patientTimeout   = 10 * time.Second
	impatientTimeout = 2500 * time.Millisecond
)

// bookReviews is the JSON of /reviews/<id>. Its id is a string, unlike that of details and ratings.
type bookReviews struct {
	ID          string   `json:"id"`
	PodName     string   `json:"podname"`
	ClusterName string   `json:"clustername"`
	Reviews     []review `json:"reviews"`
}

type review struct {
	Reviewer string  `json:"reviewer"`
	Text     string  `json:"text"`
	Rating   *rating `json:"rating,omitempty"`
}

// rating has either stars with a color, or an error.
type rating struct {
	Stars *int   `json:"stars,omitempty"`
	Color string `json:"color,omitempty"`
	Error string `json:"error,omitempty"`
}

// reviews is the reviews service.
type reviews struct {
	podName, clusterName string
	// ratings is nil in the version without stars.
	ratings *backend
	color   string
}

// newReviews makes the reviews service:
//
//	/reviews/<id>  two reviews, the same for every number; 404 if the id is not a number
//	/health        {"status": "Reviews is healthy"}
//
// ENABLE_RATINGS and STAR_COLOR (default black) select its version: v1 has no ratings, v2 black stars, v3 red stars. The
// real images also set SERVICE_VERSION, but their code does not read it. RATINGS_HOSTNAME, SERVICES_DOMAIN and
// RATINGS_SERVICE_PORT are the address of ratings, which has 10 s to answer, or 2.5 s if the stars are not black. HOSTNAME
// is the name of the pod in the answer, and CLUSTER_NAME (default "null", as in the real images) is the cluster's.
func newReviews(env getenv) (http.Handler, error) {
	service, err := newReviewsService(env)
	if err != nil {
		return nil, err
	}
	return service.routes(), nil
}

func newReviewsService(env getenv) (*reviews, error) {
	service := &reviews{
		podName:     env("HOSTNAME"),
		clusterName: cmp.Or(env("CLUSTER_NAME"), "null"),
		color:       cmp.Or(env("STAR_COLOR"), "black"),
	}
	if service.podName == "" {
		name, err := os.Hostname()
		if err != nil {
			return nil, err
		}
		service.podName = name
	}
	if strings.EqualFold(env("ENABLE_RATINGS"), "true") {
		timeout := impatientTimeout
		if service.color == "black" {
			timeout = patientTimeout
		}
		ratings, err := newBackend("ratings", timeout, env)
		if err != nil {
			return nil, err
		}
		service.ratings = &ratings
	}
	return service, nil
}

func (s *reviews) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /reviews/{id}", s.send)
	mux.HandleFunc("GET /health", healthy("Reviews is healthy"))
	return mux
}

func (s *reviews) send(w http.ResponseWriter, r *http.Request) {
	number, err := strconv.ParseInt(r.PathValue("id"), 10, 32)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	id := strconv.FormatInt(number, 10)
	first := review{
		Reviewer: "Reviewer1",
		Text: "Two pairs of twins are in one town, and nobody asks a simple question. I laughed from the first scene " +
			"to the last.",
	}
	second := review{
		Reviewer: "Reviewer2",
		Text: "It is quick and silly, and it takes only one evening. If you want more depth, read one of the later " +
			"plays.",
	}
	if s.ratings != nil {
		stars := s.stars(r.Context(), id, forwardHeaders(r.Header, r.Header.Get(endUserHeader)))
		first.Rating = s.rating(stars, first.Reviewer)
		second.Rating = s.rating(stars, second.Reviewer)
	}
	writeJSON(w, http.StatusOK, bookReviews{id, s.podName, s.clusterName, []review{first, second}})
}

// stars gets the stars of each reviewer from ratings. It returns nil if the answer is not usable.
func (s *reviews) stars(ctx context.Context, id string, headers http.Header) map[string]any {
	_, body, err := s.ratings.get(ctx, id, headers)
	if err != nil {
		log.Printf("no ratings: %v", err)
		return nil
	}
	var answer struct {
		Ratings map[string]any `json:"ratings"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		log.Printf("no ratings: %v", err)
		return nil
	}
	return answer.Ratings
}

func (s *reviews) rating(stars map[string]any, reviewer string) *rating {
	number, ok := stars[reviewer].(float64)
	if !ok {
		return &rating{Error: "Ratings service is currently unavailable"}
	}
	whole := int(number)
	return &rating{Stars: &whole, Color: s.color}
}
