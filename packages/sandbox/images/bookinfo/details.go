package main

import (
	"errors"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// bookDetails is the JSON of /details/<id>.
type bookDetails struct {
	ID        int    `json:"id"`
	Author    string `json:"author"`
	Year      int    `json:"year"`
	Type      string `json:"type"`
	Pages     int    `json:"pages"`
	Publisher string `json:"publisher"`
	Language  string `json:"language"`
	ISBN10    string `json:"ISBN-10"`
	ISBN13    string `json:"ISBN-13"`
}

// newDetails makes the details service:
//
//	/details/<id>  the book, the same for every number; 400 if the last part of the path is not a number
//	/health        {"status": "Details is healthy"}
//
// ENABLE_EXTERNAL_BOOK_SERVICE=true (details-v2, which calls Google Books) is an error, because a stand-in calls nothing
// outside the cluster.
func newDetails(env getenv) (http.Handler, error) {
	if strings.EqualFold(env("ENABLE_EXTERNAL_BOOK_SERVICE"), "true") {
		return nil, errors.New("ENABLE_EXTERNAL_BOOK_SERVICE is true, but the stand-in has only its own book; unset the variable")
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/details", sendDetails)
	mux.HandleFunc("/details/", sendDetails)
	mux.HandleFunc("/health", healthy("Details is healthy"))
	return mux, nil
}

func sendDetails(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(path.Base(r.URL.Path))
	if err != nil {
		writeJSON(w, http.StatusBadRequest, failure{"please provide numeric product id"})
		return
	}
	writeJSON(w, http.StatusOK, bookDetails{
		ID:        id,
		Author:    "William Shakespeare",
		Year:      1595,
		Type:      "paperback",
		Pages:     200,
		Publisher: "PublisherA",
		Language:  "English",
		ISBN10:    "1234567890",
		ISBN13:    "123-1234567890",
	})
}
