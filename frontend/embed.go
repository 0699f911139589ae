// Package frontend carries the built pages inside the program.
//
// dist/ is made by `make build` and is empty in a fresh checkout, where the program builds and runs all the same. Imports: the standard library alone.
package frontend

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// NotBuilt is the page to show where the pages were not built.
//
//go:embed unbuilt.html
var NotBuilt string

// FS returns the pages as they are served, index.html at the root, and whether they were built.
func FS() (files fs.FS, built bool) {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("frontend: " + err.Error()) // the name is a constant that is well-formed
	}
	_, err = fs.Stat(files, "index.html")
	return files, err == nil
}
