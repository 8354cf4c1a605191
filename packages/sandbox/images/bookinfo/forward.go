package main

import "net/http"

// endUserHeader carries the name of the signed-in visitor, and routes of the mesh can match it. Visitors themselves
// cannot set it: productpage takes the name from the session alone.
const endUserHeader = "end-user"

// forwarded are the headers that go along from an incoming request to those made for it. A sidecar cannot know which
// of the incoming requests an outgoing one belongs to; by these, the spans that the sidecars report join to one trace.
var forwarded = []string{
	"x-request-id",
	// B3 (Zipkin).
	"x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled", "x-b3-flags",
	// W3C trace context.
	"traceparent", "tracestate",
	// Lightstep, Datadog, Google Cloud, gRPC, SkyWalking.
	"x-ot-span-context",
	"x-datadog-trace-id", "x-datadog-parent-id", "x-datadog-sampling-priority",
	"x-cloud-trace-context",
	"grpc-trace-bin",
	"sw8",
	// Who asks, and by what.
	"user-agent", "cookie", "authorization", "jwt",
}

// forwardHeaders returns the headers for a request made on behalf of an incoming one and of a user; an empty user is
// nobody.
func forwardHeaders(incoming http.Header, user string) http.Header {
	outgoing := http.Header{}
	for _, name := range forwarded {
		if values := incoming.Values(name); len(values) > 0 {
			outgoing[http.CanonicalHeaderKey(name)] = values
		}
	}
	if user != "" {
		outgoing.Set(endUserHeader, user)
	}
	return outgoing
}
