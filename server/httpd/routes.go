package httpd

import (
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/websocket"

	"github.com/resourcepool/resourcepool/server/origin"
)

func (s *Server) routes() (http.Handler, error) {
	r := chi.NewRouter()
	r.Use(s.identify, s.secureHeaders, middleware.GetHead)
	r.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") })
	r.Get("/readyz", s.ready)

	graphql, err := s.crossOrigin(s.graphql())
	if err != nil {
		return nil, err
	}
	r.Group(func(r chi.Router) {
		r.Use(s.misdirected)
		r.Handle("/graphql", graphql)
		for _, d := range s.Downloads {
			r.Method(http.MethodGet, d.Path, s.download(d))
		}
		s.singleSignOn(r)
		if s.API != nil {
			r.Handle("/v1/*", s.API)
		}
		s.pages(r)
	})
	r.NotFound(func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusNotFound, "There is nothing here.") })
	r.MethodNotAllowed(func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusMethodNotAllowed, "Not this way.") })
	return r, nil
}

// graphql is the way of a request to GraphQL. A socket says who it is in its first message, and keeps its own limits; its
// cookie counts for what the origin check lets through.
func (s *Server) graphql() http.Handler {
	posted := s.authenticate(s.bounded(noStore(s.GraphQL)))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !websocket.IsWebSocketUpgrade(r) {
			posted.ServeHTTP(w, r)
			return
		}
		ctx := s.WithRequest(r.Context(), Request{IP: origin.From(r.Context()).IP, Session: s.cookie.read(r)})
		s.GraphQL.ServeHTTP(w, r.WithContext(ctx))
	})
}

func noStore(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	select {
	case <-s.closing:
		plain(w, http.StatusServiceUnavailable, "stopping")
		return
	default:
	}
	if err := s.Ready(r.Context()); err != nil {
		s.Log.WarnContext(r.Context(), "http: not ready", "err", err)
		plain(w, http.StatusServiceUnavailable, "not ready")
		return
	}
	plain(w, http.StatusOK, "ready")
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}
