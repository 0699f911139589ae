package sandbox

import (
	"crypto/subtle"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/resourcepool/resourcepool/server/money"
)

// control adds the API under /sandbox/, which mirrors the methods of Server:
//
//	GET    /sandbox/keys                          the state of all keys
//	POST   /sandbox/keys            KeySpec       AddKey
//	GET    /sandbox/keys/{key}                    Key
//	DELETE /sandbox/keys/{key}                    Revoke
//	PUT    /sandbox/keys/{key}/quota  "12.5"      SetQuota
//	POST   /sandbox/keys/{key}/faults [Fault]     Script; the key "*" stands for whichever key calls
//	DELETE /sandbox/keys/{key}/faults             ClearScript
//	PUT    /sandbox/keys/{key}/latency Latency    SetLatency; the key "*" stands for the server
//	PUT    /sandbox/length            120         SetLength
//	PUT    /sandbox/models/{model}    Price       SetPrice
//	GET    /sandbox/calls?contains=…              Calls, where the server records them
//	GET    /sandbox/totals                        Totals
//	POST   /sandbox/reset                         Reset
//
// Amounts are decimal strings and durations nanoseconds.
func (s *Server) control() {
	at := func(pattern string, do func(r *http.Request) (any, error)) {
		s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if !s.admitted(r) {
				refuse(w, openAI{}, trouble{code: "forbidden", status: http.StatusForbidden, message: "the control API is open to this machine, or with the token"})
				return
			}
			out, err := do(r)
			switch {
			case err != nil:
				refuse(w, openAI{}, trouble{code: badValue, message: err.Error()})
			case out == nil:
				w.WriteHeader(http.StatusNoContent)
			default:
				reply(w, out)
			}
		})
	}
	at("GET /sandbox/keys", func(*http.Request) (any, error) { return s.AllKeys(), nil })
	at("POST /sandbox/keys", func(r *http.Request) (any, error) {
		spec, err := decode[KeySpec](r)
		if err == nil {
			err = s.AddKey(spec)
		}
		return nil, err
	})
	at("GET /sandbox/keys/{key}", func(r *http.Request) (any, error) {
		k, ok := s.Key(r.PathValue("key"))
		if !ok {
			return nil, errNoKey
		}
		return k, nil
	})
	at("DELETE /sandbox/keys/{key}", func(r *http.Request) (any, error) {
		s.Revoke(r.PathValue("key"))
		return nil, nil
	})
	at("PUT /sandbox/keys/{key}/quota", func(r *http.Request) (any, error) {
		quota, err := decode[money.USD](r)
		if err == nil {
			s.SetQuota(r.PathValue("key"), quota)
		}
		return nil, err
	})
	at("POST /sandbox/keys/{key}/faults", func(r *http.Request) (any, error) {
		faults, err := decode[[]Fault](r)
		if err == nil {
			err = s.Script(keyOf(r), faults...)
		}
		return nil, err
	})
	at("DELETE /sandbox/keys/{key}/faults", func(r *http.Request) (any, error) {
		s.ClearScript(keyOf(r))
		return nil, nil
	})
	at("PUT /sandbox/keys/{key}/latency", func(r *http.Request) (any, error) {
		l, err := decode[Latency](r)
		if err == nil {
			s.SetLatency(keyOf(r), l)
		}
		return nil, err
	})
	at("PUT /sandbox/length", func(r *http.Request) (any, error) {
		n, err := decode[int](r)
		if err == nil {
			s.SetLength(n)
		}
		return nil, err
	})
	at("PUT /sandbox/models/{model...}", func(r *http.Request) (any, error) {
		p, err := decode[Price](r)
		if err == nil {
			s.SetPrice(r.PathValue("model"), p)
		}
		return nil, err
	})
	at("GET /sandbox/calls", func(r *http.Request) (any, error) {
		calls := s.Calls(r.URL.Query().Get("contains"))
		return map[string]any{"count": len(calls), "calls": calls}, nil
	})
	at("GET /sandbox/totals", func(*http.Request) (any, error) { return s.Totals(), nil })
	at("POST /sandbox/reset", func(*http.Request) (any, error) { return nil, s.Reset() })
}

// keyOf returns the key of the path, "" for "*".
func keyOf(r *http.Request) string {
	k := r.PathValue("key")
	if k == "*" {
		return ""
	}
	return k
}

func decode[T any](r *http.Request) (T, error) {
	var out T
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<20))
	d.DisallowUnknownFields()
	err := d.Decode(&out)
	return out, err
}

// admitted lets in who has the token or, where none is set, this machine; a web page of another origin is not this machine.
func (s *Server) admitted(r *http.Request) bool {
	if s.opts.Token != "" {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		return subtle.ConstantTimeCompare([]byte(token), []byte(s.opts.Token)) == 1
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil || r.Header.Get("Origin") != "" {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
