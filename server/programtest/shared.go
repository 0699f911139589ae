package programtest

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/resourcepool/resourcepool/server/dbtest"
)

// Shared is a server for all tests of a package, which starts when the first of them asks for it.
type Shared struct {
	env     func(t testing.TB) []string
	once    sync.Once
	program *Program
}

// NewShared returns a server with more settings, on a fresh database.
func NewShared(more ...string) *Shared {
	return &Shared{env: func(t testing.TB) []string { return Settings(t, dbtest.URL(t), more...) }}
}

// For is the server as one test sees it.
func (s *Shared) For(t testing.TB) *Program {
	t.Helper()
	s.once.Do(func() { s.program = Launch(&life{TB: t}, s.env(&life{TB: t})) })
	if s.program == nil {
		t.Fatal("the shared server did not start")
	}
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
