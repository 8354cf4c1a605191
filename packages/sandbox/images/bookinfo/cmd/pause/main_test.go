package main

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// TestMain runs the command itself if a test has started this binary for that.
func TestMain(m *testing.M) {
	if os.Getenv("PAUSE_UNDER_TEST") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestPauseEndsAtSIGTERM(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		command := exec.Command(os.Args[0])
		command.Env = []string{"PAUSE_UNDER_TEST=1"}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- command.Wait() }()
		select {
		case err := <-ended:
			t.Fatalf("ended by itself: %v", err)
		case <-time.After(200 * time.Millisecond):
		}
		if err := command.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("%s: %v", signal, err)
			}
		case <-time.After(5 * time.Second):
			command.Process.Kill()
			t.Fatalf("%s did not end it", signal)
		}
	}
}

func TestReap(t *testing.T) {
	if got := reap(); got != 0 {
		t.Fatalf("reaped %d, want none", got)
	}
	for range 3 {
		if _, err := os.StartProcess("/bin/true", []string{"true"}, &os.ProcAttr{}); err != nil {
			t.Skip(err)
		}
	}
	reaped := 0
	for deadline := time.Now().Add(5 * time.Second); reaped < 3 && time.Now().Before(deadline); {
		reaped += reap()
		time.Sleep(time.Millisecond)
	}
	if reaped != 3 {
		t.Errorf("reaped %d, want 3", reaped)
	}
}
