package main

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"log"
	"net/http"
	"strconv"
	"time"
)

// productpageTimeout is how long productpage waits for a backend.
const productpageTimeout = 3 * time.Second

// reviewsTries is how often productpage asks for reviews. Together with the timeouts this is Bookinfo's deliberate
// bug: a delay of ratings that reviews v2 would sit out makes productpage give up.
const reviewsTries = 2

//go:embed static
var static embed.FS

// product is the JSON of an item of /api/v1/products.
type product struct {
	ID              int    `json:"id"`
	Title           string `json:"title"`
	DescriptionHTML string `json:"descriptionHtml"`
}

// products is the whole shop.
var products = []product{{
	ID:    0,
	Title: "The Comedy of Errors",
	DescriptionHTML: "A merchant’s twin sons, who share one name, and their twin servants, who share another, are " +
		"parted by a shipwreck. Years later all four are in the streets of Ephesus, and for one long day everyone " +
		"takes everyone for somebody else. <b>William Shakespeare</b> wrote it early; it is the shortest of his plays.",
}}

// productpage is the productpage service.
type productpage struct {
	details, ratings, reviews backend
	// flood is the number of additional requests to reviews for each page.
	flood   int
	results resultCounter
}

// newProductpage makes the productpage service:
//
//	GET  /productpage                    the page of product 0
//	GET  /, /index.html                  where the services are, and links
//	POST /login                          form field username; starts a session and redirects to where one came from
//	GET  /logout                         ends it and redirects likewise
//	GET  /api/v1/products                the products
//	GET  /api/v1/products/<id>           the answer of details for that id
//	GET  /api/v1/products/<id>/reviews   of reviews
//	GET  /api/v1/products/<id>/ratings   of ratings
//	GET  /health                         "Product page is healthy"
//	GET  /metrics                        request_result_total{destination_app, response_code}
//	GET  /static/...                     style sheet and pictures
//
// Each backend has 3 s to answer; reviews is asked twice. What a backend refuses is passed on with the status it gave,
// else with 500, and {"error": ...}; the page itself is 200 with the error in its place.
//
// {DETAILS,RATINGS,REVIEWS}_HOSTNAME, {DETAILS,RATINGS,REVIEWS}_SERVICE_PORT and SERVICES_DOMAIN say where the others
// are. FLOOD_FACTOR (default 0) asks reviews so many times more for each page, for demonstrations of rate limits.
func newProductpage(env getenv) (http.Handler, error) {
	service, err := newProductpageService(env)
	if err != nil {
		return nil, err
	}
	return service.routes(), nil
}

func newProductpageService(env getenv) (*productpage, error) {
	service := &productpage{}
	for name, place := range map[string]*backend{
		"details": &service.details,
		"ratings": &service.ratings,
		"reviews": &service.reviews,
	} {
		found, err := newBackend(name, productpageTimeout, env)
		if err != nil {
			return nil, err
		}
		*place = found
	}
	if factor := env("FLOOD_FACTOR"); factor != "" {
		flood, err := strconv.Atoi(factor)
		if err != nil || flood < 0 {
			return nil, fmt.Errorf("FLOOD_FACTOR is %q: it must be a number from 0 up", factor)
		}
		service.flood = flood
	}
	return service, nil
}

func (s *productpage) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.sendIndex)
	mux.HandleFunc("GET /index.html", s.sendIndex)
	mux.HandleFunc("GET /productpage", s.sendPage)
	mux.HandleFunc("POST /login", logIn)
	mux.HandleFunc("GET /logout", logOut)
	mux.HandleFunc("GET /api/v1/products", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, products)
	})
	mux.HandleFunc("GET /api/v1/products/{id}", passOn(s.askDetails))
	mux.HandleFunc("GET /api/v1/products/{id}/reviews", passOn(s.askReviews))
	mux.HandleFunc("GET /api/v1/products/{id}/ratings", passOn(s.askRatings))
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "Product page is healthy")
	})
	mux.Handle("GET /metrics", &s.results)
	mux.HandleFunc("GET /static/{file}", sendStatic)
	return guarded(mux)
}

// sendStatic sends one of the embedded files; a directory is not found.
func sendStatic(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	if file, err := fs.Stat(static, "static/"+name); err != nil || file.IsDir() {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "max-age=300")
	http.ServeFileFS(w, r, static, "static/"+name)
}

// guarded tells browsers to load nothing from elsewhere, to run no scripts and to guess no content types.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; "+
			"form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		header.Set("X-Content-Type-Options", "nosniff")
		// /login and /logout read the referrer.
		header.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// ask is one of the methods below: it returns the status and the JSON of a backend's answer, or the status and the
// failure to report in its place.
type ask func(ctx context.Context, id string, headers http.Header) (status int, answer any)

// passOn sends what a backend says about the product of the path.
func passOn(ask ask) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		status, answer := ask(r.Context(), r.PathValue("id"), forwardHeaders(r.Header, userOf(r)))
		writeJSON(w, status, answer)
	}
}

func (s *productpage) askDetails(ctx context.Context, id string, headers http.Header) (int, any) {
	return s.ask(ctx, s.details, 1, id, headers, "Sorry, product details are currently unavailable for this book.")
}

func (s *productpage) askReviews(ctx context.Context, id string, headers http.Header) (int, any) {
	return s.ask(ctx, s.reviews, reviewsTries, id, headers,
		"Sorry, product reviews are currently unavailable for this book.")
}

func (s *productpage) askRatings(ctx context.Context, id string, headers http.Header) (int, any) {
	return s.ask(ctx, s.ratings, 1, id, headers, "Sorry, product ratings are currently unavailable for this book.")
}

// ask tries a backend so many times. All tries together count as one result.
func (s *productpage) ask(
	ctx context.Context, from backend, tries int, id string, headers http.Header, sorry string,
) (int, any) {
	status := 0
	for range tries {
		var body json.RawMessage
		var err error
		if status, body, err = from.get(ctx, id, headers); err == nil {
			s.results.add(from.name, status)
			return status, body
		}
		log.Printf("no %s: %v", from.name, err)
	}
	if status == 0 {
		status = http.StatusInternalServerError
	}
	s.results.add(from.name, status)
	return status, failure{sorry}
}
