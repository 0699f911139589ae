// Package frontend carries the built pages inside the program.
//
// dist/ is made by `make build` and is empty in a fresh checkout, where the program builds and runs all the same: its
// pages then say how to build them. Imports: the standard library alone.
package frontend

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// FS returns the pages as they are served, index.html at the root, and whether they were built.
func FS() (files fs.FS, built bool) {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("frontend: " + err.Error()) // the name is a constant that is well-formed
	}
	_, err = fs.Stat(files, "index.html")
	return files, err == nil
}

// NotBuilt is the page to serve where FS was not built.
const NotBuilt = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Resource Pool</title></head>
<body>
<h1>Resource Pool</h1>
<p>The server runs, but this program was built without its pages. Run <code>make build</code> and start it again.</p>
<p>The API is at <code>/graphql</code>, the health of the server at <a href="/healthz">/healthz</a>.</p>
</body>
</html>
`
