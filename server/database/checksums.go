package database

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"

	"github.com/resourcepool/resourcepool/ent/migrate/migrations"
)

type checksum struct {
	file   string
	sha256 string
}

// SchemaHash names the state that Migrate leads to: a database migrated under one hash serves every program with it.
func SchemaHash() (string, error) {
	sums, err := checksums(migrations.FS)
	if err != nil {
		return "", err
	}
	all := sha256.New()
	for _, version := range slices.Sorted(maps.Keys(sums)) {
		_, _ = fmt.Fprintln(all, version, sums[version].sha256) // a hash takes everything
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}

// checksums returns the SHA-256 of each SQL file by version, once the list beside the files agrees with them.
func checksums(files fs.FS) (map[int64]checksum, error) {
	raw, err := fs.ReadFile(files, migrations.Checksums)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	listed := map[string]string{}
	for line := range strings.Lines(string(raw)) {
		sum, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok {
			return nil, fmt.Errorf("database: %s has a line that is not of sha256sum", migrations.Checksums)
		}
		listed[name] = sum
	}
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	sums := map[int64]checksum{}
	for _, name := range names {
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("database: %w", err)
		}
		version, err := goose.NumericComponent(name)
		if err != nil {
			return nil, fmt.Errorf("database: migration %s: %w", name, err)
		}
		sum := sha256.Sum256(body)
		c := checksum{file: name, sha256: hex.EncodeToString(sum[:])}
		if listed[name] != c.sha256 {
			return nil, fmt.Errorf("database: migration %s differs from %s; if it is new, run `go generate ./ent/migrate/migrations`", name, migrations.Checksums)
		}
		sums[version] = c
		delete(listed, name)
	}
	for name := range listed {
		return nil, fmt.Errorf("database: migration %s is listed in %s but missing", name, migrations.Checksums)
	}
	return sums, nil
}
