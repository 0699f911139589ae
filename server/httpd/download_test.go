package httpd

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/limit"
)

func TestDownloads(t *testing.T) {
	c := config(public)
	file := func(text string) File {
		return File{Name: "a.txt", Type: "text/x", Write: func(w io.Writer) error { _, err := io.WriteString(w, text); return err }}
	}
	c.Downloads = []Download{
		{Path: "/open", Open: true, Make: func(context.Context, *http.Request) (File, error) { return file("for all"), nil }},
		{Path: "/mine/{what}", Make: func(ctx context.Context, r *http.Request) (File, error) {
			switch r.PathValue("what") {
			case "later":
				return File{}, fault.New(fault.Conflict, "not yet").With("retryAfterSeconds", 60)
			case "none":
				return File{}, fault.New(fault.NotFound, "nothing")
			case "wrong":
				return File{}, fault.Invalid("what", "not this")
			case "broken":
				return File{}, errors.New("pq: secret")
			case "half":
				return File{Type: "text/x", Write: func(io.Writer) error { return errors.New("pq: gone") }}, nil
			}
			return file("for " + string(access.From(ctx).ID)), nil
		}},
	}
	c.Requests = &limit.Requests{Account: limit.New(clock.NewFake(time.Now()), 20, time.Minute)}
	s := server(t, c)
	cookie := []string{"Cookie", "__Host-pool_session=good"}

	all := call(t, s, "GET", "/open", "")
	require.Equal(t, "for all", all.Body.String())
	require.Equal(t, "no-store", all.Header().Get("Cache-Control"))
	require.Equal(t, `attachment; filename="a.txt"`, all.Header().Get("Content-Disposition"))
	require.Equal(t, "text/x", all.Header().Get("Content-Type"))
	require.Equal(t, http.StatusMisdirectedRequest, call(t, s, "GET", "/open", "", "Host", "evil.example").Code)
	require.Equal(t, http.StatusMethodNotAllowed, call(t, s, "POST", "/open", "").Code)
	require.Equal(t, http.StatusUnauthorized, call(t, s, "GET", "/mine/x", "").Code)
	require.Equal(t, "for usr_tom", call(t, s, "GET", "/mine/x", "", cookie...).Body.String())
	require.Equal(t, "for usr_tom", call(t, s, "GET", "/mine/x", "", "Authorization", "Bearer rp_good").Body.String())
	require.Equal(t, http.StatusUnauthorized, call(t, s, "GET", "/mine/x", "", "Authorization", "Bearer rp_bad").Code)

	later := call(t, s, "GET", "/mine/later", "", cookie...)
	require.Equal(t, http.StatusConflict, later.Code)
	require.Equal(t, "60", later.Header().Get("Retry-After"))
	require.JSONEq(t, `{"errors":[{"message":"not yet","extensions":{"code":"CONFLICT"}}]}`, later.Body.String())
	require.Equal(t, http.StatusNotFound, call(t, s, "GET", "/mine/none", "", cookie...).Code)
	wrong := call(t, s, "GET", "/mine/wrong", "", cookie...)
	require.Equal(t, http.StatusBadRequest, wrong.Code)
	require.JSONEq(t, `{"errors":[{"message":"not this","extensions":{"code":"BAD_USER_INPUT","field":"what"}}]}`, wrong.Body.String())
	head := call(t, s, "HEAD", "/mine/half", "", cookie...)
	require.Equal(t, http.StatusOK, head.Code, "nothing is written, so nothing fails")
	require.Empty(t, head.Body.String())
	broken := call(t, s, "GET", "/mine/broken", "", cookie...)
	require.Equal(t, http.StatusInternalServerError, broken.Code)
	require.NotContains(t, broken.Body.String(), "secret")
	require.PanicsWithValue(t, http.ErrAbortHandler, func() { call(t, s, "GET", "/mine/half", "", cookie...) }, "the connection is cut")

	for range 20 {
		call(t, s, "GET", "/mine/x", "", cookie...)
	}
	slow := call(t, s, "GET", "/mine/x", "", cookie...)
	require.Equal(t, http.StatusTooManyRequests, slow.Code)
	require.NotEmpty(t, slow.Header().Get("Retry-After"))
}
