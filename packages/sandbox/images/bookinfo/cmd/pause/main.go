// Pause holds the namespaces of a pod, as the pause image of Kubernetes does: it does nothing, reaps the processes
// that it inherits as process 1 of a pod whose containers share a process namespace, and ends with 0 at SIGTERM or
// SIGINT. It takes no arguments, opens no file and needs no user of its own.
//
// It is a command of its own, rather than a role of bookinfo, because every pod of the node runs one.
package main

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	// One place in the channel is enough: a signal that finds it taken announces what the next reap takes along.
	child := make(chan os.Signal, 1)
	signal.Notify(child, syscall.SIGCHLD)
	pause(stop, child)
}

// pause returns when stop delivers; until then it reaps whenever child does, and once at the start.
func pause(stop, child <-chan os.Signal) {
	for {
		reap()
		select {
		case <-stop:
			return
		case <-child:
		}
	}
}

// reap removes every child that has ended and returns how many there were. It does not wait.
func reap() int {
	for count := 0; ; {
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil || pid == 0:
			// No children, or none that has ended.
			return count
		}
		count++
	}
}
