package httpd

import (
	"bytes"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
)

// pages serves the built frontend: the app, GraphiQL, and their files. Files under assets/ have the hash of their content in
// their names. The app has addresses of its own: what no file has is the app's to find, or to say that it is nothing.
func (s *Server) pages(r chi.Router) {
	if s.Frontend == nil {
		for _, path := range []string{"/", "/graphiql"} {
			r.Get(path, func(w http.ResponseWriter, r *http.Request) { s.page(w, r, []byte(s.NotBuilt)) })
		}
		return
	}
	r.Get("/", s.file("index.html"))
	r.Get("/graphiql", s.file("graphiql.html", "graphiql/index.html"))
	r.Get("/graphiql/", http.RedirectHandler("/graphiql", http.StatusMovedPermanently).ServeHTTP)
	r.Get("/*", s.asset)
}

// file serves the first of the names that is there.
func (s *Server) file(names ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, name := range names {
			if body, err := fs.ReadFile(s.Frontend, name); err == nil {
				s.page(w, r, body)
				return
			}
		}
		s.page(w, r, []byte(s.NotBuilt))
	}
}

func (s *Server) page(w http.ResponseWriter, r *http.Request, body []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

func (s *Server) asset(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	info, err := fs.Stat(s.Frontend, name)
	if err != nil || info.IsDir() || strings.HasSuffix(name, ".html") || strings.HasPrefix(name, ".") {
		if ofTheApp(r, name) {
			s.file("index.html")(w, r)
			return
		}
		plain(w, http.StatusNotFound, "There is nothing here.")
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, "assets/") {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeFileFS(w, r, s.Frontend, name) //nolint:gosec // fs.Stat has refused whatever leads out of the built files
}

// ofTheApp reports whether a browser asks for a page that is no file's: addresses of the app have no dot. What other servers
// keep under these names is not here for browsers either.
func ofTheApp(r *http.Request, name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return !strings.Contains(name, ".") && !slices.Contains([]string{"assets", "debug", "metrics", "v1"}, first) &&
		strings.Contains(r.Header.Get("Accept"), "text/html")
}
