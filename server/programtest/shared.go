package programtest

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/resourcepool/resourcepool/server/dbtest"
)

// Shared is a server for all tests of a package, which starts when the first of them asks for it. Where tests are run
// several times, each time has a server of its own: whom a test signs up, it can sign up again.
type Shared struct {
	env func(t testing.TB) []string

	mu      sync.Mutex
	program *Program
	used    map[string]bool // by which tests
}

// NewShared returns a server with more settings, on a fresh database.
func NewShared(more ...string) *Shared {
	return &Shared{env: func(t testing.TB) []string { return Settings(t, dbtest.URL(t), more...) }}
}

// For is the server as one test sees it, which asks once.
func (s *Shared) For(t testing.TB) *Program {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.program == nil || s.used[t.Name()] {
		if s.program != nil {
			s.program.Kill(syscall.SIGTERM)
		}
		forLong := &life{TB: t}
		s.program, s.used = Launch(forLong, s.env(forLong)), map[string]bool{}
	}
	s.used[t.Name()] = true
	p := *s.program
	p.T = t
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the shared program wrote:\n%s", p.Out)
		}
	})
	return &p
}

// life is a test whose cleanups wait for the end of the package's tests: what a shared server is started by.
type life struct{ testing.TB }

func (*life) Cleanup(f func()) { packageLife.add(f) }

// Failed is of no use to who cleans up later: the test that failed has told what the server wrote.
func (*life) Failed() bool { return false }

// Errorf is called by a cleanup, when no test is left to fail.
func (*life) Errorf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	packageLife.fail()
}

// TempDir is a folder that is there until then.
func (l *life) TempDir() string {
	l.Helper()
	dir, err := os.MkdirTemp("", "resourcepool-shared")
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// packageLife is what Main ends after the tests.
var packageLife ending

type ending struct {
	mu     sync.Mutex
	after  []func()
	failed bool
}

func (e *ending) add(f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.after = append(e.after, f)
}

func (e *ending) fail() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.failed = true
}

// end runs the cleanups, the last first, and returns the exit code.
func (e *ending) end() int {
	for _, f := range slices.Backward(e.after) {
		f()
	}
	if e.failed {
		return 1
	}
	return 0
}
