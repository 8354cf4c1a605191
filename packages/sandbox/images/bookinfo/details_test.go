package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestDetails(t *testing.T) {
	book := `, "author": "William Shakespeare", "year": 1595, "type": "paperback", "pages": 200,
		"publisher": "PublisherA", "language": "English", "ISBN-10": "1234567890", "ISBN-13": "123-1234567890"}`
	refusal := `{"error": "please provide numeric product id"}`
	handler := service(t, "details")
	for _, test := range []struct {
		path   string
		status int
		body   string
	}{
		{"/details/0", http.StatusOK, `{"id": 0` + book},
		{"/details/42", http.StatusOK, `{"id": 42` + book},
		{"/details/-1", http.StatusOK, `{"id": -1` + book},
		{"/details/abc", http.StatusBadRequest, refusal},
		{"/details/1.5", http.StatusBadRequest, refusal},
		{"/details/", http.StatusBadRequest, refusal},
		{"/details", http.StatusBadRequest, refusal},
		{"/health", http.StatusOK, `{"status": "Details is healthy"}`},
	} {
		t.Run(test.path, func(t *testing.T) {
			wantJSON(t, get(t, handler, test.path), test.status, test.body)
		})
	}
	if got := get(t, handler, "/other"); got.Code != http.StatusNotFound {
		t.Errorf("/other: status %d, want 404", got.Code)
	}
}

func TestDetailsRefusesTheExternalService(t *testing.T) {
	_, err := newDetails(environment("ENABLE_EXTERNAL_BOOK_SERVICE=true"))
	if err == nil || !strings.Contains(err.Error(), "ENABLE_EXTERNAL_BOOK_SERVICE") {
		t.Errorf("got %v", err)
	}
	if _, err := newDetails(environment("ENABLE_EXTERNAL_BOOK_SERVICE=false")); err != nil {
		t.Error(err)
	}
}
