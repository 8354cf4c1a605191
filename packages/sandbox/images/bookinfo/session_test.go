package main

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

const form = "content-type: application/x-www-form-urlencoded"

// signIn posts the form, and returns the cookie as a browser sends it back.
func signIn(t *testing.T, handler http.Handler, name string) string {
	t.Helper()
	got := post(t, handler, "/login", url.Values{"username": {name}, "passwd": {"x"}}.Encode(), form)
	if got.Code != http.StatusFound {
		t.Fatalf("status %d, want 302", got.Code)
	}
	cookies := got.Result().Cookies()
	if len(cookies) != 1 {
		t.Fatalf("cookies %v", cookies)
	}
	if cookie := cookies[0]; !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" {
		t.Errorf("cookie %v", cookie)
	}
	return "cookie: " + cookies[0].Name + "=" + cookies[0].Value
}

func TestSession(t *testing.T) {
	seen := make(chan string, 8)
	recording := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header.Get("End-User")
		io.WriteString(w, `{}`)
	})
	handler := service(t, "productpage", append(at(t, "DETAILS", recording), at(t, "REVIEWS", recording)...)...)
	wantText(t, get(t, handler, "/productpage"), `action="login"`, `name="username"`)
	if first, second := <-seen, <-seen; first+second != "" {
		t.Errorf("end-user %q and %q without a session", first, second)
	}

	cookie := signIn(t, handler, "jason")
	got := get(t, handler, "/productpage", cookie, "end-user: forged")
	wantText(t, got, "Signed in as <strong>jason</strong>", `href="logout"`)
	wantNoText(t, got, `action="login"`)
	if first, second := <-seen, <-seen; first != "jason" || second != "jason" {
		t.Errorf("end-user %q and %q, want jason", first, second)
	}

	left := get(t, handler, "/logout", cookie)
	if left.Code != http.StatusFound {
		t.Errorf("status %d, want 302", left.Code)
	}
	if cookies := left.Result().Cookies(); len(cookies) != 1 || cookies[0].MaxAge >= 0 {
		t.Errorf("cookies %v", cookies)
	}
}

func TestHostileNames(t *testing.T) {
	seen := make(chan string, 8)
	recording := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header.Get("End-User")
		io.WriteString(w, `{}`)
	})
	handler := service(t, "productpage", append(at(t, "DETAILS", recording), at(t, "REVIEWS", recording)...)...)
	for _, test := range []struct{ name, header, page string }{
		{"<script>alert(1)</script>", "<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
		{`"><img src=x onerror=y>`, `"><img src=x onerror=y>`, "&#34;&gt;&lt;img src=x onerror=y&gt;"},
		{"jason\r\nx-admin: yes", "jasonx-admin: yes", "jasonx-admin: yes"},
		{"  Zoë\x00\x7f ", "Zoë", "Zoë"},
		{"\xff\xfejason", "jason", "jason"},
		{strings.Repeat("é", 100), strings.Repeat("é", userNameLimit), strings.Repeat("é", userNameLimit) + "<"},
		{"{{.}}", "{{.}}", "{{.}}"},
	} {
		got := get(t, handler, "/productpage", signIn(t, handler, test.name))
		wantText(t, got, test.page)
		wantNoText(t, got, "<script", "<img src=x")
		if first, second := <-seen, <-seen; first != test.header || second != test.header {
			t.Errorf("%q: end-user %q and %q, want %q", test.name, first, second, test.header)
		}
	}
}

func TestNamesThatStartNoSession(t *testing.T) {
	handler := service(t, "productpage")
	for _, name := range []string{"", "   ", "\r\n"} {
		cookies := post(t, handler, "/login", url.Values{"username": {name}}.Encode(), form).Result().Cookies()
		if len(cookies) != 1 || cookies[0].MaxAge >= 0 {
			t.Errorf("%q: cookies %v", name, cookies)
		}
	}
	forged := base64.RawURLEncoding.EncodeToString([]byte("a\nb"))
	for cookie, want := range map[string]string{"": "", "!": "", "eyJ1c2VyIjoiYSJ9.Zx.y": "", forged: "ab"} {
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.AddCookie(&http.Cookie{Name: sessionCookie, Value: cookie})
		if got := userOf(request); got != want {
			t.Errorf("%q: %q, want %q", cookie, got, want)
		}
	}
}

func TestLoginReturnsToThePreviousPage(t *testing.T) {
	handler := service(t, "productpage")
	for referer, want := range map[string]string{
		"":                                   "/productpage",
		"http://example.com/productpage?u=x": "http://example.com/productpage?u=x",
		"https://example.com/":               "https://example.com/",
		"http://elsewhere.test/productpage":  "/productpage",
		"//elsewhere.test/":                  "/productpage",
		"javascript://example.com/%0aalert":  "/productpage",
		"http://example.com@elsewhere.test/": "/productpage",
		"/productpage":                       "/productpage",
		"http://[":                           "/productpage",
	} {
		// The requests of httptest have the host example.com.
		for _, got := range []*httptest.ResponseRecorder{
			post(t, handler, "/login", "username=jason", form, "referer: "+referer),
			get(t, handler, "/logout", "referer: "+referer),
		} {
			if location := got.Header().Get("Location"); location != want {
				t.Errorf("%q: to %q, want %q", referer, location, want)
			}
		}
	}
}
