package programtest

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

var binary string

// Binary is the path of the built program.
func Binary() string { return binary }

// Main builds the program, runs the tests of a package, ends what they shared, and exits.
func Main(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) (code int) {
	dir, err := os.MkdirTemp("", "resourcepool-test")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "resourcepool")
	if err := build(binary); err != nil {
		fmt.Fprintln(os.Stderr, "build the program:", err)
		return 1
	}
	code = m.Run()
	return max(code, packageLife.end())
}

// build makes the program, or takes the one that another package's tests have made: of the same checkout with the same
// flags, which may replace sources. The go command leaves alone what is up to date. The link keeps what these tests run
// while a later build replaces it.
func build(link string) error {
	module, err := exec.Command("go", "env", "GOMOD", "GOFLAGS").Output()
	if err != nil {
		return err
	}
	shared := filepath.Join(os.TempDir(), fmt.Sprintf("resourcepool-%x", sha256.Sum256(module)))
	if err := os.MkdirAll(shared, 0o700); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(shared, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }() // and with it the lock
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	root, _, _ := strings.Cut(string(module), "\n")
	out := filepath.Join(shared, "resourcepool")
	cmd := exec.Command("go", "build", "-o", out, "./server")
	cmd.Dir, cmd.Stdout, cmd.Stderr = filepath.Dir(root), os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return err
	}
	return os.Link(out, link)
}
