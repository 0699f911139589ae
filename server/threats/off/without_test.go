package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a change of the sources does to the tables is seen at once, not in the night.
func TestTheTablesFitTheSources(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	for group, controls := range groups {
		seen := map[string]bool{}
		for _, c := range controls {
			assert.NotEmpty(t, c.Edits, c.Test)
			seen[c.Test] = true
			_, err := lay(root, t.TempDir(), c.Edits)
			assert.NoError(t, err, c.Test)
		}
		for _, name := range testsIn(t, filepath.Join(root, "server", "threats", group)) {
			assert.True(t, seen[name], "%s has no control in the table of %s", name, group)
		}
	}
}

func testsIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	require.NoError(t, err)
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`(?m)^func (TestRow\w+)\(`).FindAllStringSubmatch(string(source), -1) {
			names = append(names, m[1])
		}
	}
	return names
}

func TestAnEditFitsOnce(t *testing.T) {
	e := edit{File: "a.go", Old: "limit", New: "max"}
	out, err := e.apply("a limit")
	require.NoError(t, err)
	assert.Equal(t, "a max", out)
	for _, source := range []string{"none", "limit limit"} {
		_, err := e.apply(source)
		assert.ErrorContains(t, err, "a.go")
	}
}

func TestWhatATestSaid(t *testing.T) {
	testify := strings.Join([]string{
		"=== RUN   TestRow01", "    row01_test.go:20: ", "        \tError Trace:\trow01_test.go:20", "        \tError:      \tNot equal: ",
		"        \t            \texpected: 1", "        \t            \tactual  : 100", "        \tTest:       \tTestRow01",
		"        \tMessages:   \tof errors", "    shared.go:38: the program wrote:", "        Error: other", "--- FAIL: TestRow01 (0.10s)",
	}, "\n")
	assert.Equal(t, "Not equal: expected: 1 actual : 100 of errors", failure(testify))
	assert.Equal(t, "the program started", failure("=== RUN   TestRow44\n    row44_test.go:8: testdbconf: postgres://\n    row44_test.go:9: the program started\n--- FAIL: TestRow44 (1s)\n"))
}

func TestTheListIsThatOfTheSecurityPage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "SECURITY.md"))
	require.NoError(t, err)
	assert.Contains(t, string(page), listed(), "write it anew: go run ./server/threats/off -list")
}
