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
// The cookie is the name itself, without a signature. Signing in needs no password, so a person who can forge the cookie can
// also sign in. All replicas of productpage can read the cookie without a shared secret. Authorization is up to the mesh.
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

// userName makes a name safe for a header: it removes control characters, surrounding space, and everything after
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

// logIn starts a session with the name in the form field "username", and sends the visitor back.
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

// setSession sets the cookie, or removes it if the name is empty.
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

// cameFrom returns the previous page of the visitor, or /productpage if that is unknown or on another host.
func cameFrom(r *http.Request) string {
	referer, err := url.Parse(r.Referer())
	if err != nil || referer.Host != r.Host || (referer.Scheme != "http" && referer.Scheme != "https") {
		return "/productpage"
	}
	return referer.String()
}
