package main

import (
	"bytes"
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

// pageView is the data for the template of the product page.
type pageView struct {
	User    string
	Title   string
	Summary template.HTML
	Details detailsView
	Reviews reviewsView
}

// detailsView has either rows or an error.
type detailsView struct {
	Author string
	Rows   []detailRow
	Error  string
}

type detailRow struct{ Name, Value string }

// reviewsView has either reviews and the pod that sent them, or an error.
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

// ratingView has either stars or an error.
type ratingView struct {
	Count       int
	Full, Empty string
	Color       string
	Error       string
}

// sendPage sends the product page. The status is 200 even if a backend does not answer.
func (s *productpage) sendPage(w http.ResponseWriter, r *http.Request) {
	shown := products[0]
	id := strconv.Itoa(shown.ID)
	user := userOf(r)
	headers := forwardHeaders(r.Header, user)
	details := viewDetails(s.askDetails(r.Context(), id, headers))
	for range s.flood {
		s.askReviews(r.Context(), id, headers)
	}
	reviews := viewReviews(s.askReviews(r.Context(), id, headers))
	render(w, "page.gohtml", pageView{
		User:    user,
		Title:   shown.Title,
		Summary: template.HTML(shown.DescriptionHTML), // A constant of this program.
		Details: details,
		Reviews: reviews,
	})
}

// sendIndex sends the page with the addresses of the services.
func (s *productpage) sendIndex(w http.ResponseWriter, r *http.Request) {
	render(w, "index.gohtml", struct {
		User string
		URLs []string
	}{userOf(r), []string{s.details.url(), s.reviews.url(), s.ratings.url()}})
}

// render sends a page after all of it has been created.
func render(w http.ResponseWriter, name string, view any) {
	var page bytes.Buffer
	if err := templates.ExecuteTemplate(&page, name, view); err != nil {
		log.Printf("%s: %v", name, err)
		http.Error(w, "The page could not be created.", http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	// The page depends on the session, and shows which version of reviews answered this time.
	header.Set("Cache-Control", "no-store")
	page.WriteTo(w)
}

// viewDetails reads an answer of askDetails. Values may have any type, because another details service may answer.
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
	// A POST to ratings can contain any number.
	count := min(max(*given.Stars, 0), maxStars)
	return &ratingView{
		Count: count,
		Full:  strings.Repeat("★", count),
		Empty: strings.Repeat("☆", maxStars-count),
		Color: given.Color,
	}
}

// decode reads an answer into value, or returns the message to show if that is impossible.
func decode(status int, answer any, value any) (problem string) {
	if failed, ok := answer.(failure); ok {
		return failed.Error
	}
	body, _ := answer.(json.RawMessage)
	if err := json.Unmarshal(body, value); err != nil {
		log.Printf("cannot read the answer with status %d: %v", status, err)
		return "The answer of the service was not understood."
	}
	return ""
}

// show returns a JSON string or number as text, and "" for other values.
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
