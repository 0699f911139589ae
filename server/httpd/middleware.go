package httpd

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/limit"
	"github.com/resourcepool/resourcepool/server/origin"
)

// identify gives a request its id, says where it is from, and turns a panic into an answer that names it.
func (s *Server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request := s.IDs.New(ids.Request)
		id := string(request)
		w.Header().Set("X-Request-Id", id)
		r = r.WithContext(origin.With(r.Context(), origin.Origin{
			Request: request, IP: clientIP(r, s.TrustedProxies), UserAgent: r.UserAgent(),
		}))
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(cause)
			}
			s.Log.ErrorContext(r.Context(), "http: panic", "ref", id, "path", r.URL.Path, "cause", cause, "stack", string(debug.Stack()))
			answer(w, http.StatusInternalServerError, fault.Internal, "Something went wrong on our side.", id)
		}()
		if !websocket.IsWebSocketUpgrade(r) { // whose answer is the connection itself
			w = &patientWriter{ResponseWriter: w, control: http.NewResponseController(w)}
		}
		next.ServeHTTP(w, r)
	})
}

// secureHeaders are on every answer. Scripts come from here alone; GraphiQL's editor and the component library write styles
// into the page, and the editor starts workers from blobs.
func (s *Server) secureHeaders(next http.Handler) http.Handler {
	socket := strings.Replace(s.PublicURL.Scheme, "http", "ws", 1) + "://" + s.PublicURL.Host
	policy := strings.Join([]string{
		"default-src 'none'", "script-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data:", "font-src 'self' data:",
		"connect-src 'self' " + socket, "worker-src 'self' blob:", "manifest-src 'self'", "base-uri 'none'", "form-action 'self'",
		"frame-ancestors 'none'",
	}, "; ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		if s.PublicURL.Scheme == "https" {
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		next.ServeHTTP(w, r)
	})
}

// bounded holds bodies to their limits in size and time. Compressed ones are refused: a small one may be a large one.
func (s *Server) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit := int64(bodySignedOut)
		if access.From(r.Context()).SignedIn() {
			limit = bodySignedIn
		}
		switch encoding := r.Header.Get("Content-Encoding"); {
		case encoding != "" && !strings.EqualFold(encoding, "identity"):
			s.refuse(w, r, http.StatusUnsupportedMediaType, "send the body uncompressed")
			return
		case r.ContentLength > limit:
			w.Header().Set("Connection", "close") // what is not read would have to be before the next request
			s.refuse(w, r, http.StatusRequestEntityTooLarge, "the body is too large")
			return
		}
		control := http.NewResponseController(w)
		_ = control.SetReadDeadline(deadline(bodyTimeout))
		r.Body = &timedBody{ReadCloser: http.MaxBytesReader(w, r.Body, limit), control: control}
		next.ServeHTTP(w, r)
	})
}

// timedBody lifts the read deadline when the body is there: it must not end the request while that is worked on.
type timedBody struct {
	io.ReadCloser
	control *http.ResponseController
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// patientWriter gives each piece of an answer its own time to be taken: a large one may take long, not stand still.
type patientWriter struct {
	http.ResponseWriter
	control *http.ResponseController
}

func (w *patientWriter) Write(p []byte) (n int, err error) {
	for {
		_ = w.control.SetWriteDeadline(deadline(writeTimeout))
		taken, err := w.ResponseWriter.Write(p[:min(len(p), writePiece)])
		n, p = n+taken, p[taken:]
		if err != nil || len(p) == 0 {
			return n, err
		}
	}
}

// Unwrap lets http.ResponseController reach the connection.
func (w *patientWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// authenticate puts who sent the request, and what the edge knows of it, into its context. A token that is not good is
// refused here; a cookie that is not good is nobody's.
func (s *Server) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secret := s.cookie.read(r)
		ctx := s.WithRequest(r.Context(), Request{
			IP: origin.From(r.Context()).IP, Session: secret,
			SetSession:   func(secret string, expiresAt time.Time) { s.cookie.set(w, secret, expiresAt) },
			ClearSession: func() { s.cookie.clear(w) },
		})
		actor, err := s.actor(ctx, r, secret)
		switch f, ok := fault.As(err); {
		case ok && f.Code != fault.Internal:
			if err := s.Requests.Take(limit.Caller{Address: origin.From(ctx).IP}); err != nil {
				s.refused(w, r, err)
				return
			}
			status := http.StatusForbidden // a token that is good, but not here
			if f.Code == fault.Unauthenticated {
				w.Header().Set("WWW-Authenticate", "Bearer")
				status = http.StatusUnauthorized
			}
			answer(w, status, f.Code, f.Message, "")
			return
		case err != nil:
			id := w.Header().Get("X-Request-Id")
			s.Log.LogAttrs(ctx, slog.LevelError, "http: the caller can't be found out", slog.String("ref", id), slog.Any("err", err))
			answer(w, http.StatusInternalServerError, fault.Internal, "Something went wrong on our side.", id)
			return
		}
		next.ServeHTTP(w, r.WithContext(access.With(ctx, actor)))
	})
}

func (s *Server) actor(ctx context.Context, r *http.Request, secret string) (*access.Actor, error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case strings.EqualFold(scheme, "Bearer"):
		return s.Auth.ActorByToken(ctx, strings.TrimSpace(token))
	case secret != "":
		return s.Auth.ActorBySession(ctx, secret)
	}
	return nil, nil
}

// refuse answers what was not let in.
func (s *Server) refuse(w http.ResponseWriter, _ *http.Request, status int, message string) {
	code := fault.BadUserInput
	if status == http.StatusForbidden {
		code = fault.Forbidden
	}
	answer(w, status, code, message, "")
}

// answer writes an error as GraphQL has them, which is as good as any for those who don't speak it.
func answer(w http.ResponseWriter, status int, code fault.Code, message, ref string) {
	extensions := map[string]any{"code": code}
	if ref != "" {
		extensions["ref"] = ref
	}
	respond(w, status, message, extensions)
}

func respond(w http.ResponseWriter, status int, message string, extensions map[string]any) {
	body, _ := json.Marshal(map[string]any{"errors": []any{map[string]any{"message": message, "extensions": extensions}}}) // plain values: can't fail
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
