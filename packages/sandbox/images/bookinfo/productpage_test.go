package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// shop returns a product page with the three other services. The variables select the version of reviews.
func shop(t *testing.T, variables ...string) http.Handler {
	t.Helper()
	ratings := at(t, "RATINGS", service(t, "ratings"))
	details := at(t, "DETAILS", service(t, "details"))
	reviews := at(t, "REVIEWS", service(t, "reviews", append(append(variables, ratings...), "HOSTNAME=reviews-pod")...))
	return service(t, "productpage", append(append(ratings, details...), reviews...)...)
}

// down returns the variables for a product page that reaches only the services in the other variables.
func down(t *testing.T, others ...string) []string {
	t.Helper()
	return append(append(append(nowhere(t, "DETAILS"), nowhere(t, "RATINGS")...), nowhere(t, "REVIEWS")...), others...)
}

func TestProductPage(t *testing.T) {
	common := []string{
		"<title>Simple Bookstore App</title>", "<h1>The Comedy of Errors</h1>", "by William Shakespeare",
		"1595", "paperback", "200", "PublisherA", "English", "1234567890", "123-1234567890",
		"Reviewer1", "Reviewer2", "Reviews served by: reviews-pod<",
		"stand-in application of the bookinfo-mesh sandbox, not the images of the Istio project",
	}
	for _, test := range []struct {
		name      string
		variables []string
		has, not  []string
	}{
		{"v1", nil, nil, []string{"★", "☆", "stars"}},
		{
			"v2", []string{"ENABLE_RATINGS=true"},
			[]string{"★★★★★<span></span>", "★★★★<span>☆</span>", "stars-black", "4 of 5 stars, black"},
			[]string{"stars-red"},
		},
		{
			"v3", []string{"ENABLE_RATINGS=true", "STAR_COLOR=red"},
			[]string{"stars-red", "5 of 5 stars, red"}, []string{"stars-black"},
		},
		{"cluster", []string{"CLUSTER_NAME=east"}, []string{"reviews-pod on cluster east<"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := get(t, shop(t, test.variables...), "/productpage")
			if got.Code != http.StatusOK || got.Header().Get("Content-Type") != "text/html; charset=utf-8" {
				t.Errorf("status %d, headers %v", got.Code, got.Header())
			}
			if test.name == "cluster" {
				wantText(t, got, test.has...)
				return
			}
			wantText(t, got, append(common, test.has...)...)
			wantNoText(t, got, append(test.not, "Error fetching", "http://", "https://", "<script", "style=")...)
		})
	}
}

func TestProductPageWithoutOthers(t *testing.T) {
	handler := service(t, "productpage", down(t)...)
	got := get(t, handler, "/productpage")
	if got.Code != http.StatusOK {
		t.Errorf("status %d, want 200", got.Code)
	}
	wantText(t, got, "The Comedy of Errors",
		"Error fetching product details", "Sorry, product details are currently unavailable for this book.",
		"Error fetching product reviews", "Sorry, product reviews are currently unavailable for this book.")
	wantNoText(t, got, "Reviews served by")

	ratingsDown := at(t, "REVIEWS", service(t, "reviews", append(nowhere(t, "RATINGS"), "ENABLE_RATINGS=true")...))
	got = get(t, service(t, "productpage", down(t, ratingsDown...)...), "/productpage")
	wantText(t, got, "Ratings service is currently unavailable", "Reviews served by:", "Reviewer2")
}

func TestProductPageOfStrangeAnswers(t *testing.T) {
	const hostile = `<script>alert(1)</script>`
	reviews := func(rating string) string {
		return fmt.Sprintf(`{"podname": %q, "reviews": [{"reviewer": %q, "text": %q, "rating": %s}]}`,
			hostile, hostile, hostile, rating)
	}
	for _, test := range []struct{ name, details, reviews, want string }{
		{"markup", `{"author": "` + hostile + `"}`, reviews(`{"error": "` + hostile + `"}`), "&lt;script&gt;"},
		{"too many stars", `{}`, reviews(`{"stars": 1000000000, "color": "red"}`), "★★★★★<span></span>"},
		{"too few stars", `{}`, reviews(`{"stars": -1, "color": "red"}`), "<span>☆☆☆☆☆</span>"},
		{"color", `{}`, reviews(`{"stars": 1, "color": "\"><script>"}`), "stars-&#34;&gt;&lt;script&gt;"},
		{"not objects", `[]`, `"text"`, "The answer of the service was not understood."},
		{"null", `null`, `null`, "Book details"},
	} {
		t.Run(test.name, func(t *testing.T) {
			details := at(t, "DETAILS", answering(200, test.details))
			reviews := at(t, "REVIEWS", answering(200, test.reviews))
			got := get(t, service(t, "productpage", append(details, reviews...)...), "/productpage")
			wantText(t, got, test.want)
			wantNoText(t, got, "<script")
		})
	}
}

func TestProductsAPI(t *testing.T) {
	handler := shop(t)
	got := get(t, handler, "/api/v1/products")
	var list []map[string]any
	if err := json.Unmarshal(got.Body.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || len(list[0]) != 3 || list[0]["id"] != 0.0 || list[0]["title"] != "The Comedy of Errors" {
		t.Errorf("got %s", got.Body)
	}
	wantText(t, got, `"descriptionHtml":"`, "<b>William Shakespeare</b>")

	wantJSON(t, get(t, handler, "/api/v1/products/3"), http.StatusOK, `{"id": 3, "author": "William Shakespeare",
		"year": 1595, "type": "paperback", "pages": 200, "publisher": "PublisherA", "language": "English",
		"ISBN-10": "1234567890", "ISBN-13": "123-1234567890"}`)
	wantJSON(t, get(t, handler, "/api/v1/products/3/ratings"), http.StatusOK,
		`{"id": 3, "ratings": {"Reviewer1": 5, "Reviewer2": 4}}`)
	wantReviews(t, get(t, handler, "/api/v1/products/0/reviews").Body.Bytes(), "", "")
}

func TestProductsAPIPassesFailuresOn(t *testing.T) {
	for _, test := range []struct {
		path, backend, about string
		asked                int32
	}{
		{"/api/v1/products/0", "DETAILS", "details", 1},
		{"/api/v1/products/0/ratings", "RATINGS", "ratings", 1},
		{"/api/v1/products/0/reviews", "REVIEWS", "reviews", 2},
	} {
		t.Run(test.backend, func(t *testing.T) {
			sorry := fmt.Sprintf(`{"error": "Sorry, product %s are currently unavailable for this book."}`, test.about)
			handler := service(t, "productpage", down(t)...)
			wantJSON(t, get(t, handler, test.path), http.StatusInternalServerError, sorry)

			var asked atomic.Int32
			failing := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				w.WriteHeader(http.StatusServiceUnavailable)
			})
			handler = service(t, "productpage", down(t, at(t, test.backend, failing)...)...)
			wantJSON(t, get(t, handler, test.path), http.StatusServiceUnavailable, sorry)
			if asked.Load() != test.asked {
				t.Errorf("asked %d times, want %d", asked.Load(), test.asked)
			}
		})
	}
	t.Run("bad ids", func(t *testing.T) {
		handler := shop(t)
		for path, status := range map[string]int{
			"/api/v1/products/abc":           http.StatusBadRequest,
			"/api/v1/products/abc/ratings":   http.StatusBadRequest,
			"/api/v1/products/abc/reviews":   http.StatusNotFound,
			"/api/v1/products/..%2Fhealth":   http.StatusBadRequest,
			"/api/v1/products/0%3Fx=1":       http.StatusBadRequest,
			"/api/v1/products/0/reviews/1":   http.StatusNotFound,
			"/api/v1/products/%0d%0aX-Y:%20": http.StatusBadRequest,
		} {
			if got := get(t, handler, path); got.Code != status {
				t.Errorf("%s: status %d, want %d", path, got.Code, status)
			}
		}
	})
}

func TestReviewsAreTriedTwiceWhenSilent(t *testing.T) {
	asked := make(chan struct{}, 4)
	page, err := newProductpageService(environment(down(t, at(t, "REVIEWS", silent(asked))...)...))
	if err != nil {
		t.Fatal(err)
	}
	if page.reviews.timeout != 3*time.Second || page.details.timeout != 3*time.Second {
		t.Errorf("timeouts %s and %s, want 3s", page.reviews.timeout, page.details.timeout)
	}
	page.reviews.timeout = 20 * time.Millisecond
	got := get(t, page.routes(), "/api/v1/products/0/reviews")
	if got.Code != http.StatusInternalServerError || len(asked) != 2 {
		t.Errorf("status %d after %d tries, want 500 after 2", got.Code, len(asked))
	}
}

func TestASecondTryCanSucceed(t *testing.T) {
	var asked atomic.Int32
	flaky := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		io.WriteString(w, `{"id": "0"}`)
	})
	handler := service(t, "productpage", at(t, "REVIEWS", flaky)...)
	wantJSON(t, get(t, handler, "/api/v1/products/0/reviews"), http.StatusOK, `{"id": "0"}`)
	wantText(t, get(t, handler, "/metrics"), `request_result_total{destination_app="reviews",response_code="200"} 1`)
}

func TestFlood(t *testing.T) {
	var asked atomic.Int32
	reviews := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		io.WriteString(w, `{}`)
	})
	where := down(t, append(at(t, "REVIEWS", reviews), "FLOOD_FACTOR=3")...)
	get(t, service(t, "productpage", where...), "/productpage")
	if asked.Load() != 4 {
		t.Errorf("asked %d times, want 4", asked.Load())
	}
	for _, factor := range []string{"many", "-1"} {
		_, err := newProductpage(environment("FLOOD_FACTOR=" + factor))
		if err == nil || !strings.Contains(err.Error(), "FLOOD_FACTOR") {
			t.Errorf("%s: %v", factor, err)
		}
	}
}

func TestProductPageForwardsHeaders(t *testing.T) {
	seen := make(chan http.Header, 8)
	recording := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header
		io.WriteString(w, `{}`)
	})
	where := append(append(at(t, "DETAILS", recording), at(t, "RATINGS", recording)...), at(t, "REVIEWS", recording)...)
	handler := service(t, "productpage", where...)
	for path, requests := range map[string]int{
		"/productpage":               2,
		"/api/v1/products/0":         1,
		"/api/v1/products/0/reviews": 1,
		"/api/v1/products/0/ratings": 1,
	} {
		get(t, handler, path,
			"x-request-id: 1", "traceparent: 00-2", "user-agent: test", "end-user: forged", "x-other: 3")
		if len(seen) != requests {
			t.Fatalf("%s: %d requests, want %d", path, len(seen), requests)
		}
		for range requests {
			header := <-seen
			got := fmt.Sprint(header["X-Request-Id"], header["Traceparent"], header["User-Agent"],
				header["End-User"], header["X-Other"])
			if got != "[1] [00-2] [test] [] []" {
				t.Errorf("%s: forwarded %s", path, got)
			}
		}
	}
}

func TestProductPagePaths(t *testing.T) {
	handler := shop(t)
	for _, test := range []struct {
		path   string
		status int
		kind   string
		text   string
	}{
		{"/health", http.StatusOK, "text/plain; charset=utf-8", "Product page is healthy"},
		{"/", http.StatusOK, "text/html; charset=utf-8", "/reviews</code>"},
		{"/index.html", http.StatusOK, "text/html; charset=utf-8", "/ratings</code>"},
		{"/productpage?u=test", http.StatusOK, "text/html; charset=utf-8", "Book reviews"},
		{"/static/bookinfo.css", http.StatusOK, "text/css; charset=utf-8", "prefers-color-scheme"},
		{"/static/cover.svg", http.StatusOK, "image/svg+xml", "<svg"},
		{"/static/icon.svg", http.StatusOK, "image/svg+xml", "<svg"},
		{"/metrics", http.StatusOK, "text/plain; version=0.0.4; charset=utf-8", "# TYPE request_result_total counter"},
		{"/static/", http.StatusNotFound, "text/plain; charset=utf-8", ""},
		{"/static/other.css", http.StatusNotFound, "text/plain; charset=utf-8", ""},
		{"/static/..%2Fpage.gohtml", http.StatusNotFound, "text/plain; charset=utf-8", ""},
		{"/other", http.StatusNotFound, "text/plain; charset=utf-8", ""},
		{"/login", http.StatusMethodNotAllowed, "text/plain; charset=utf-8", ""},
	} {
		t.Run(test.path, func(t *testing.T) {
			got := get(t, handler, test.path)
			if got.Code != test.status || got.Header().Get("Content-Type") != test.kind {
				t.Errorf("status %d, content type %q", got.Code, got.Header().Get("Content-Type"))
			}
			wantText(t, got, test.text)
			if policy := got.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") {
				t.Errorf("policy %q", policy)
			}
		})
	}
}

func TestMetrics(t *testing.T) {
	handler := service(t, "productpage", down(t, at(t, "DETAILS", service(t, "details"))...)...)
	for range 2 {
		get(t, handler, "/productpage")
	}
	get(t, handler, "/api/v1/products/abc")
	got := get(t, handler, "/metrics").Body.String()
	_, samples, _ := strings.Cut(got, "counter\n")
	want := `request_result_total{destination_app="details",response_code="200"} 2
request_result_total{destination_app="details",response_code="400"} 1
request_result_total{destination_app="reviews",response_code="500"} 2
`
	if samples != want {
		t.Errorf("got\n%s\nwant\n%s", samples, want)
	}
}
