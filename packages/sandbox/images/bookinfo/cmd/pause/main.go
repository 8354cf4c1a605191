// Pause holds the namespaces of a pod, like the pause image of Kubernetes. It only waits, and reaps the processes that it
// inherits as process 1 if the containers of the pod share a process namespace. It ends with 0 at SIGTERM or SIGINT. It takes
// no arguments, opens no files, and needs no particular user.
//
// It is a separate program and not a role of bookinfo, because every pod of the node runs one, so it should be small.
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
	// One place in the channel is enough: if it is full, the next reap handles the further signals too.
	child := make(chan os.Signal, 1)
	signal.Notify(child, syscall.SIGCHLD)
	pause(stop, child)
}

// pause reaps once at the start and after each value of child. It returns at a value of stop.
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

// reap removes every child that has ended, and returns their number. It does not wait.
func reap() int {
	for count := 0; ; {
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil || pid == 0:
			// It has no children, or all of them still run.
			return count
		}
		count++
	}
}
