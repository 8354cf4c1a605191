// Bookinfo replaces the images of Istio's sample application Bookinfo on machines that reach no container registry. It has
// the same HTTP API, so the program, its manifests and the mesh's routing work without a change. Its pages and texts are
// different, and say that they are a stand-in.
//
//	bookinfo productpage|details|ratings|reviews [port]
//
// The port is the second argument, or PORT, or 9080. Each role reads the same environment variables as the image that it
// replaces; newProductpage, newDetails, newRatings and newReviews list them.
//
// Source of the facts about the real images: istio/istio, samples/bookinfo/src, release 1.31.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

var errUsage = errors.New("usage: bookinfo productpage|details|ratings|reviews [port]")

// roles maps the first argument to the function that makes that service from its environment.
var roles = map[string]func(getenv) (http.Handler, error){
	"productpage": newProductpage,
	"details":     newDetails,
	"ratings":     newRatings,
	"reviews":     newReviews,
}

// getenv returns the value of an environment variable; unset and empty are the same.
type getenv func(name string) string

func main() {
	log.SetFlags(log.LstdFlags | log.LUTC | log.Lmsgprefix)
	log.SetOutput(os.Stdout)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, err)
		if errors.Is(err, errUsage) {
			os.Exit(2)
		}
		os.Exit(1)
	}
}

// run serves the role in the arguments until ctx ends.
func run(ctx context.Context, args []string, env getenv) error {
	if len(args) < 1 || len(args) > 2 {
		return errUsage
	}
	role := args[0]
	newRole, known := roles[role]
	if !known {
		return fmt.Errorf("unknown service %q; %w", role, errUsage)
	}
	port, err := portOf(args[1:], env)
	if err != nil {
		return err
	}
	handler, err := newRole(env)
	if err != nil {
		return fmt.Errorf("bookinfo %s: %w", role, err)
	}
	listener, err := net.Listen("tcp", ":"+port)
	if err != nil {
		return fmt.Errorf("bookinfo %s: %w", role, err)
	}
	log.SetPrefix(role + ": ")
	log.Printf("stand-in of the bookinfo-mesh sandbox, listening on %s", listener.Addr())
	return serve(ctx, listener, logged(handler))
}

// portOf returns the port to listen on: the argument, or PORT, or 9080.
func portOf(args []string, env getenv) (string, error) {
	port := cmp.Or(env("PORT"), "9080")
	if len(args) == 1 {
		port = args[0]
	}
	if !isPort(port) {
		return "", fmt.Errorf("port %q is not a number from 1 to 65535; %w", port, errUsage)
	}
	return port, nil
}

func isPort(text string) bool {
	number, err := strconv.ParseUint(text, 10, 16)
	return err == nil && number > 0
}
