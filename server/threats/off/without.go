package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// outside is where tests start the program; others have what they test in themselves.
const outside = "./server/threats/"

// without runs a control's test against the program without it, and returns what the test said when it failed.
func without(ctx context.Context, root string, c control) (said string, err error) {
	dir, err := os.MkdirTemp("", "off")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // a test's Postgres runs as another user
		return "", err
	}
	overlay, err := lay(root, dir, c.Edits)
	if err != nil {
		return "", err
	}
	do := func(args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, "go", args...)
		cmd.Dir = root
		// The program that the tests build goes with the folder.
		cmd.Env = append(os.Environ(), "TMPDIR="+dir, strings.TrimSpace("GOFLAGS="+os.Getenv("GOFLAGS")+" -overlay="+overlay))
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if strings.HasPrefix(c.Package, outside) {
		if out, err := do("build", "-o", os.DevNull, "./server"); err != nil {
			return "", fmt.Errorf("the program does not build: %s", shortened(out))
		}
	}
	out, err := do("test", "-count=1", "-vet=off", "-timeout=3m", "-run", "^"+c.Test+"$", "-v", c.Package)
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case strings.Contains(out, "[build failed]") || strings.Contains(out, "build the program:"):
		return "", fmt.Errorf("the test does not build: %s", shortened(out))
	case !strings.Contains(out, "=== RUN   "+c.Test+"\n"):
		return "", fmt.Errorf("the test did not run: %s", shortened(out))
	case err == nil:
		return "", errors.New("the test passes without its control")
	case !strings.Contains(out, "--- FAIL: "+c.Test+" "):
		return "", fmt.Errorf("the test came to no end: %s", shortened(out))
	}
	return failure(out), nil
}

// lay writes the edited files and the overlay that puts them in the place of their originals, and returns its path.
func lay(root, dir string, edits []edit) (string, error) {
	replaced := map[string]string{}
	for i, e := range edits {
		original := filepath.Join(root, filepath.FromSlash(e.File))
		from, again := replaced[original]
		if !again {
			from = original
		}
		source, err := os.ReadFile(from)
		if err != nil {
			return "", err
		}
		out, err := e.apply(string(source))
		if err != nil {
			return "", err
		}
		to := filepath.Join(dir, strconv.Itoa(i)+"-"+filepath.Base(e.File))
		if err := os.WriteFile(to, []byte(out), 0o600); err != nil { //nolint:gosec // in a folder of our own
			return "", err
		}
		replaced[original] = to
	}
	content, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, content, 0o600)
}

func (e edit) apply(source string) (string, error) {
	if n := strings.Count(source, e.Old); n != 1 {
		return "", fmt.Errorf("%s has %d times, not once: %s", e.File, n, shortened(e.Old))
	}
	return strings.Replace(source, e.Old, e.New, 1), nil
}

// failure is what a test's output says first of why it failed.
func failure(out string) string {
	var said []string
	taking := false
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		label, text, _ := strings.Cut(line, ":")
		switch {
		case label == "Error" && len(said) == 0, label == "Messages" && len(said) > 0:
			taking = true
			said = append(said, strings.TrimSpace(text))
		case label == "Test" || label == "Diff":
			taking = false
		case len(said) > 0 && (strings.HasSuffix(label, ".go") || strings.HasPrefix(line, "--- ")):
			return shortened(strings.Join(said, " "))
		case taking:
			said = append(said, line)
		}
	}
	if len(said) > 0 {
		return shortened(strings.Join(said, " "))
	}
	for line := range strings.Lines(out) { // of t.Fatal
		_, text, ok := strings.Cut(line, ".go:")
		if _, text, _ = strings.Cut(text, ": "); ok && !strings.HasPrefix(text, "testdbconf: ") { // where the database is
			return shortened(text)
		}
	}
	return shortened(out)
}

// shortened is the beginning of a text, on one line.
func shortened(text string) string {
	const most = 160
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
