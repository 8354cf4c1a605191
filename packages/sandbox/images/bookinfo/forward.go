package main

import "net/http"

// endUserHeader has the name of the signed-in visitor, and routes of the mesh can match it. Visitors cannot set the header
// themselves, because productpage takes the name only from the session.
const endUserHeader = "end-user"

// forwarded lists the headers that are copied from an incoming request to the requests made for it. A sidecar cannot know
// which incoming request an outgoing one belongs to. These headers join the spans of the sidecars to one trace.
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
	// The client and the user.
	"user-agent", "cookie", "authorization", "jwt",
}

// forwardHeaders returns the headers of a request that is made for an incoming one and for a user. The user "" means that
// nobody is signed in.
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
