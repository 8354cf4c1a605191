package main

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"sync"
)

// result is the outcome of one request to a backend.
type result struct {
	app    string
	status int
}

// resultCounter counts the results of requests to backends, for Prometheus.
type resultCounter struct {
	mu     sync.Mutex
	counts map[result]int
}

func (c *resultCounter) add(app string, status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts == nil {
		c.counts = map[result]int{}
	}
	c.counts[result{app, status}]++
}

// ServeHTTP sends the counter in Prometheus' text format, with the name and labels of the real product page.
func (c *resultCounter) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	c.mu.Lock()
	defer c.mu.Unlock()
	results := make([]result, 0, len(c.counts))
	for one := range c.counts {
		results = append(results, one)
	}
	slices.SortFunc(results, func(a, b result) int {
		return cmp.Or(cmp.Compare(a.app, b.app), cmp.Compare(a.status, b.status))
	})
	fmt.Fprintln(w, "# HELP request_result_total Requests to the other services, by status.")
	fmt.Fprintln(w, "# TYPE request_result_total counter")
	for _, one := range results {
		fmt.Fprintf(w, "request_result_total{destination_app=%q,response_code=\"%d\"} %d\n",
			one.app, one.status, c.counts[one])
	}
}
