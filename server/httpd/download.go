package httpd

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/limit"
	"github.com/resourcepool/resourcepool/server/origin"
)

// Download is a file that is made for who asks. A browser gets it with its cookie, a program with its token.
type Download struct {
	Path string // a pattern of chi
	Open bool   // for everybody, signed in or not
	// Make returns the file, or the fault that it is refused with.
	Make func(ctx context.Context, r *http.Request) (File, error)
}

// File is what a Download made.
type File struct {
	Name string // to save it under, "" to show it
	Type string // its Content-Type
	// Write writes it. What fails here was begun: the connection is cut, so that half a file does not pass for a whole one.
	Write func(w io.Writer) error
}

var errSignIn = fault.New(fault.Unauthenticated, "sign in first")

// download answers with the file of a Download.
func (s *Server) download(d Download) http.Handler {
	return s.authenticate(noStore(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, err := s.make(d, r)
		if err != nil {
			s.refused(w, r, err)
			return
		}
		w.Header().Set("Content-Type", f.Type)
		if f.Name != "" {
			w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", f.Name))
		}
		if r.Method == http.MethodHead {
			return
		}
		if err := f.Write(w); err != nil {
			s.Log.WarnContext(r.Context(), "http: a download broke off", "path", d.Path, "err", err)
			panic(http.ErrAbortHandler)
		}
	})))
}

func (s *Server) make(d Download, r *http.Request) (File, error) {
	a := access.From(r.Context())
	if !d.Open && !a.SignedIn() {
		return File{}, errSignIn
	}
	caller := limit.Caller{Address: origin.From(r.Context()).IP}
	if a.SignedIn() {
		caller.Account, caller.Token = string(a.ID), string(a.TokenID)
	}
	if err := s.Requests.Take(caller); err != nil {
		return File{}, err
	}
	return d.Make(r.Context(), r)
}

// statuses are those of the faults that a download is refused with; of others it is 400.
var statuses = map[fault.Code]int{
	fault.Unauthenticated: http.StatusUnauthorized, fault.Forbidden: http.StatusForbidden, fault.NotFound: http.StatusNotFound,
	fault.Conflict: http.StatusConflict, fault.RateLimited: http.StatusTooManyRequests, fault.Overloaded: http.StatusServiceUnavailable,
}

// refused answers an error as GraphQL would.
func (s *Server) refused(w http.ResponseWriter, r *http.Request, err error) {
	f, ok := fault.As(err)
	if !ok || f.Code == fault.Internal {
		id := w.Header().Get("X-Request-Id")
		s.Log.LogAttrs(r.Context(), slog.LevelError, "http: internal error", slog.String("ref", id), slog.String("path", r.URL.Path), slog.Any("err", err))
		answer(w, http.StatusInternalServerError, fault.Internal, "Something went wrong on our side.", id)
		return
	}
	status, ok := statuses[f.Code]
	if !ok {
		status = http.StatusBadRequest
	}
	if after, ok := f.Details["retryAfterSeconds"]; ok {
		w.Header().Set("Retry-After", fmt.Sprint(after))
	}
	extensions := map[string]any{"code": f.Code}
	if f.Field != "" {
		extensions["field"] = f.Field
	}
	respond(w, status, f.Message, extensions)
}
