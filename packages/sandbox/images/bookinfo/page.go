package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"html/template"
	"log"
	"net/http"
	"strconv"
	"strings"
)

//go:embed templates
var templateFiles embed.FS

var templates = template.Must(template.ParseFS(templateFiles, "templates/*.gohtml"))

const maxStars = 5

// pageView is what the template of the product page shows.
type pageView struct {
	User    string
	Title   string
	Summary template.HTML
	Details detailsView
	Reviews reviewsView
}

// detailsView is either rows or an error.
type detailsView struct {
	Author string
	Rows   []detailRow
	Error  string
}

type detailRow struct{ Name, Value string }

// reviewsView is either reviews and the pod they come from, or an error.
type reviewsView struct {
	PodName     string
	ClusterName string
	Reviews     []reviewView
	Error       string
}

type reviewView struct {
	Reviewer, Text string
	Rating         *ratingView
}

// ratingView is either stars, or an error.
type ratingView struct {
	Count       int
	Full, Empty string
	Color       string
	Error       string
}

// sendPage sends the product page. It is 200 even where a backend does not answer.
func (s *productpage) sendPage(w http.ResponseWriter, r *http.Request) {
	shown := products[0]
	id := strconv.Itoa(shown.ID)
	user := userOf(r)
	headers := forwardHeaders(r.Header, user)
	details := viewDetails(s.askDetails(r.Context(), id, headers))
	s.floodReviews(r.Context(), id, headers)
	reviews := viewReviews(s.askReviews(r.Context(), id, headers))
	render(w, "page.gohtml", pageView{
		User:    user,
		Title:   shown.Title,
		Summary: template.HTML(shown.DescriptionHTML), // Our own constant.
		Details: details,
		Reviews: reviews,
	})
}

// floodReviews asks for reviews FLOOD_FACTOR times, for nothing.
func (s *productpage) floodReviews(ctx context.Context, id string, headers http.Header) {
	for range s.flood {
		s.askReviews(ctx, id, headers)
	}
}

// sendIndex sends the page that says where the services are.
func (s *productpage) sendIndex(w http.ResponseWriter, r *http.Request) {
	render(w, "index.gohtml", struct {
		User string
		URLs []string
	}{userOf(r), []string{s.details.url(), s.reviews.url(), s.ratings.url()}})
}

// render sends a page once the whole of it is made.
func render(w http.ResponseWriter, name string, view any) {
	var page bytes.Buffer
	if err := templates.ExecuteTemplate(&page, name, view); err != nil {
		log.Printf("%s: %v", name, err)
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	// It depends on the session, and shows which version of reviews answered this time.
	header.Set("Cache-Control", "no-store")
	page.WriteTo(w)
}

// viewDetails reads an answer of askDetails. Values may be of any type: another details service may answer.
func viewDetails(status int, answer any) detailsView {
	var values map[string]any
	if problem := decode(status, answer, &values); problem != "" {
		return detailsView{Error: problem}
	}
	view := detailsView{Author: show(values["author"])}
	for _, row := range []struct{ key, name string }{
		{"year", "Year"},
		{"type", "Type"},
		{"pages", "Pages"},
		{"publisher", "Publisher"},
		{"language", "Language"},
		{"ISBN-10", "ISBN-10"},
		{"ISBN-13", "ISBN-13"},
	} {
		if value := show(values[row.key]); value != "" {
			view.Rows = append(view.Rows, detailRow{row.name, value})
		}
	}
	return view
}

// viewReviews reads an answer of askReviews.
func viewReviews(status int, answer any) reviewsView {
	var found bookReviews
	if problem := decode(status, answer, &found); problem != "" {
		return reviewsView{Error: problem}
	}
	view := reviewsView{PodName: found.PodName}
	if found.ClusterName != "null" {
		view.ClusterName = found.ClusterName
	}
	for _, one := range found.Reviews {
		view.Reviews = append(view.Reviews, reviewView{one.Reviewer, one.Text, viewRating(one.Rating)})
	}
	return view
}

// viewRating returns nil for a review without a rating: reviews v1.
func viewRating(given *rating) *ratingView {
	switch {
	case given == nil:
		return nil
	case given.Stars == nil:
		return &ratingView{Error: given.Error}
	}
	// Anything can be posted to ratings.
	count := min(max(*given.Stars, 0), maxStars)
	return &ratingView{
		Count: count,
		Full:  strings.Repeat("★", count),
		Empty: strings.Repeat("☆", maxStars-count),
		Color: given.Color,
	}
}

// decode reads an answer into value; it returns the message to show where there is none.
func decode(status int, answer any, value any) (problem string) {
	if failed, ok := answer.(failure); ok {
		return failed.Error
	}
	body, _ := answer.(json.RawMessage)
	if err := json.Unmarshal(body, value); err != nil {
		log.Printf("answer with status %d not understood: %v", status, err)
		return "The answer of the service was not understood."
	}
	return ""
}

// show returns a JSON string or number as text, and "" for everything else.
func show(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	default:
		return ""
	}
}
