package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// answerLimit is the largest answer that is read from a backend, in bytes.
const answerLimit = 1 << 20

// client opens a connection for each request, so that the versions of a backend share the load even without a sidecar. It
// ignores proxy settings, because a backend is in the same cluster.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// backend is another service of the application. It answers /<name>/<product id>.
type backend struct {
	name string
	// base is the address without a path, such as http://ratings:9080.
	base string
	// timeout limits one request, including its answer.
	timeout time.Duration
}

// newBackend gets the address of a service from <NAME>_HOSTNAME (default: the name), SERVICES_DOMAIN (default: empty)
// and <NAME>_SERVICE_PORT (default: 9080).
func newBackend(name string, timeout time.Duration, env getenv) (backend, error) {
	prefix := strings.ToUpper(name)
	host := cmp.Or(env(prefix+"_HOSTNAME"), name)
	if domain := env("SERVICES_DOMAIN"); domain != "" {
		host += "." + domain
	}
	port := cmp.Or(env(prefix+"_SERVICE_PORT"), "9080")
	if !isPort(port) {
		return backend{}, fmt.Errorf("%s_SERVICE_PORT is %q: it must be a number from 1 to 65535", prefix, port)
	}
	return backend{name: name, base: "http://" + host + ":" + port, timeout: timeout}, nil
}

// url returns the address of the service without a product id, for people to read.
func (b backend) url() string {
	return b.base + "/" + b.name
}

// get requests one product. The status is 0 if no answer came. The body is JSON if err is nil.
func (b backend) get(
	ctx context.Context, product string, headers http.Header,
) (status int, body json.RawMessage, err error) {
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url()+"/"+url.PathEscape(product), nil)
	if err != nil {
		return 0, nil, err
	}
	request.Header = headers.Clone()
	request.Header.Set("Accept", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return response.StatusCode, nil, fmt.Errorf("%s answered %s", request.URL, response.Status)
	}
	body, err = io.ReadAll(io.LimitReader(response.Body, answerLimit))
	if err != nil {
		return 0, nil, err
	}
	if !json.Valid(body) {
		return 0, nil, fmt.Errorf("%s did not answer with JSON of at most %d bytes", request.URL, answerLimit)
	}
	return response.StatusCode, body, nil
}
