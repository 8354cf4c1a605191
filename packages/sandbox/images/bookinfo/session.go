package main

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"unicode"
)

const (
	sessionCookie = "session"
	// userNameLimit is the longest name of a visitor, in characters.
	userNameLimit = 64
)

// userOf returns the name of the signed-in visitor, or "".
//
// The cookie is the name itself, not signed: signing in asks for no password, so whoever could forge the cookie could
// as well sign in. It lets all replicas of productpage agree without a shared secret. Authorization is the mesh's.
func userOf(r *http.Request) string {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return ""
	}
	name, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return ""
	}
	return userName(string(name))
}

// userName makes a name fit for a header: control characters are dropped, surrounding space too, and what is beyond
// userNameLimit.
func userName(text string) string {
	printable := strings.Map(func(char rune) rune {
		if unicode.IsControl(char) || char == unicode.ReplacementChar {
			return -1
		}
		return char
	}, strings.ToValidUTF8(text, ""))
	characters := []rune(strings.TrimSpace(printable))
	return strings.TrimSpace(string(characters[:min(len(characters), userNameLimit)]))
}

// logIn starts a session under the form field "username" and sends the visitor back.
func logIn(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 8<<10)
	setSession(w, userName(r.FormValue("username")))
	http.Redirect(w, r, cameFrom(r), http.StatusFound)
}

// logOut ends the session and sends the visitor back.
func logOut(w http.ResponseWriter, r *http.Request) {
	setSession(w, "")
	http.Redirect(w, r, cameFrom(r), http.StatusFound)
}

// setSession sets the cookie, or removes it where the name is empty.
func setSession(w http.ResponseWriter, name string) {
	cookie := &http.Cookie{
		Name:     sessionCookie,
		Value:    base64.RawURLEncoding.EncodeToString([]byte(name)),
		Path:     "/",
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
	}
	if name == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(w, cookie)
}

// cameFrom returns the page that the visitor was on, or /productpage where that is unknown or on another host.
func cameFrom(r *http.Request) string {
	referer, err := url.Parse(r.Referer())
	if err != nil || referer.Host != r.Host || (referer.Scheme != "http" && referer.Scheme != "https") {
		return "/productpage"
	}
	return referer.String()
}
