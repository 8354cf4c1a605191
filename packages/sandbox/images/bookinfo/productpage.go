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

// reviewsTries is how often productpage tries to get reviews. Together with the timeouts this is Bookinfo's deliberate bug:
// during a delay of ratings reviews v2 still waits, but productpage gives up.
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
	DescriptionHTML: "A shipwreck separates twin brothers with the same name, and their twin servants, who also share " +
		"a name. Years later all four are in Ephesus. For a whole day everybody confuses them. This early comedy is " +
		"the shortest play of <b>William Shakespeare</b>.",
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
//	GET  /, /index.html                  addresses of the services, and links
//	POST /login                          form field username; starts a session and redirects to the previous page
//	GET  /logout                         ends the session and redirects to the previous page
//	GET  /api/v1/products                the products
//	GET  /api/v1/products/<id>           the answer of details for that id
//	GET  /api/v1/products/<id>/reviews   the answer of reviews
//	GET  /api/v1/products/<id>/ratings   the answer of ratings
//	GET  /health                         "Product page is healthy"
//	GET  /metrics                        request_result_total{destination_app, response_code}
//	GET  /static/...                     style sheet and pictures
//
// Each backend has 3 s to answer, and reviews gets two requests. If a backend fails, the API answers {"error": ...} with the
// backend's status, or with 500 if no answer came. The page itself has the status 200, and shows the error.
//
// {DETAILS,RATINGS,REVIEWS}_HOSTNAME, {DETAILS,RATINGS,REVIEWS}_SERVICE_PORT and SERVICES_DOMAIN are the addresses of the
// other services. FLOOD_FACTOR (default 0) is the number of additional requests to reviews for each page, for
// demonstrations of rate limits.
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
			return nil, fmt.Errorf("FLOOD_FACTOR is %q: it must be a number that is at least 0", factor)
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

// sendStatic sends an embedded file. A directory gives 404.
func sendStatic(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	if file, err := fs.Stat(static, "static/"+name); err != nil || file.IsDir() {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "max-age=300")
	http.ServeFileFS(w, r, static, "static/"+name)
}

// guarded tells browsers to load nothing from other hosts, to run no scripts, and to guess no content types.
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

// ask is one of the methods below. It returns the status and the JSON of a backend's answer, or a status and a failure.
type ask func(ctx context.Context, id string, headers http.Header) (status int, answer any)

// passOn sends the answer of a backend for the product in the path.
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

// ask sends up to that many requests to a backend. All together count as one result.
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
