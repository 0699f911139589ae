package postgres

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ErrNoBinaries says that no Postgres is installed that the cluster could run on.
var ErrNoBinaries = errors.New("postgres: no Postgres server found: install it (Debian, Ubuntu: apt-get install postgresql), set PG_BIN to the folder of initdb and postgres, or set DATABASE_URL to use another server")

// Where packages put the server's programs when they do not put them into PATH.
var packaged = []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"}

// findBinaries returns the folder of initdb and postgres: PG_BIN, else PATH, else the newest installed. A cluster can be
// run only by the major version that made it.
func findBinaries(data string) (string, error) {
	made, err := madeBy(data)
	if err != nil {
		return "", err
	}
	var others []string
	for _, dir := range candidates() {
		major, ok := majorOf(dir)
		if !ok {
			continue
		}
		if made == "" || made == major {
			return dir, nil
		}
		others = append(others, major)
	}
	if len(others) > 0 {
		return "", fmt.Errorf("%w: the data in %s is of Postgres %s, and only %s is installed", ErrNoBinaries, data, made, strings.Join(others, ", "))
	}
	return "", ErrNoBinaries
}

func candidates() []string {
	if dir := os.Getenv("PG_BIN"); dir != "" {
		return []string{dir} // the operator's word
	}
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	for _, pattern := range packaged {
		found, _ := filepath.Glob(pattern) // the patterns are well-formed
		slices.SortFunc(found, func(a, b string) int { return cmp.Compare(number(b), number(a)) })
		dirs = append(dirs, found...)
	}
	return dirs
}

// number is the version in a packaged folder, for sorting.
func number(dir string) float64 {
	name := strings.TrimPrefix(filepath.Base(filepath.Dir(dir)), "pgsql-")
	n, _ := strconv.ParseFloat(name, 64) // what has no version comes last
	return n
}

// majorOf asks the server's program for its major version; ok is false where the folder has no whole server.
func majorOf(dir string) (major string, ok bool) {
	if _, err := exec.LookPath(filepath.Join(dir, "initdb")); err != nil {
		return "", false
	}
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output() //nolint:noctx // an answer at once
	if err != nil {
		return "", false
	}
	words := strings.Fields(string(out)) // postgres (PostgreSQL) 15.18 (Debian …)
	if len(words) < 3 {
		return "", false
	}
	return leading(words[2]), true
}

// leading returns the major version of "15.18", "18beta1" or "18.4".
func leading(version string) string {
	end := strings.IndexFunc(version, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		return version
	}
	return version[:end]
}

// madeBy returns the major version that made the cluster, "" where there is none.
func madeBy(data string) (string, error) {
	raw, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("postgres: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}
