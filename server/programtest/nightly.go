package programtest

import (
	"os"
	"testing"
)

// Nightly skips a test that takes too long for every run: `make nightly` sets the variable.
func Nightly(t testing.TB) {
	t.Helper()
	if !Thorough() {
		t.Skip("make nightly runs this")
	}
}

// Thorough tells whether this is the nightly run.
func Thorough() bool { return os.Getenv("POOL_TEST_NIGHTLY") != "" }
