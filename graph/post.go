package graph

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/resourcepool/resourcepool/server/fault"
)

const (
	typeJSON     = "application/json"
	typeResponse = "application/graphql-response+json"
)

// post is POST as GraphQL-over-HTTP has it: JSON objects only. Unlike gqlgen's own it never repeats the body, which may
// hold a key. The body is bounded by the edge before it comes here.
func post(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	answer := accepted(r.Header.Values("Accept"))
	if status, message := refused(r, answer); status != 0 {
		if status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", http.MethodPost)
		}
		refuse(w, status, message)
		return
	}
	params, err := decodeParams(r.Body)
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			refuse(w, http.StatusRequestEntityTooLarge, "the body is larger than "+strconv.FormatInt(large.Limit, 10)+" bytes")
			return
		}
		refuse(w, http.StatusBadRequest, "the body is not a JSON object with a query")
		return
	}
	params.Headers = r.Header

	ctx := graphql.StartOperationTrace(r.Context())
	op, errs := exec.CreateOperationContext(ctx, params)
	ctx = graphql.WithOperationContext(ctx, op)
	if len(errs) > 0 {
		status := http.StatusOK // what application/json asks for; the newer type says it in the status
		if answer == typeResponse {
			status = http.StatusBadRequest
		}
		if after := retryAfter(errs); after != "" {
			w.Header().Set("Retry-After", after)
			if answer == typeResponse {
				status = http.StatusTooManyRequests
			}
		}
		write(w, status, answer, requestError{Errors: exec.DispatchError(ctx, errs).Errors})
		return
	}
	if op.Operation.Operation == ast.Subscription { // one answer can't carry it, and it must not begin
		write(w, http.StatusOK, answer, requestError{Errors: gqlerror.List{{
			Message:    "subscriptions come over a WebSocket with the graphql-transport-ws protocol",
			Extensions: map[string]any{"code": fault.BadUserInput},
		}}})
		return
	}
	responses, ctx := exec.DispatchOperation(ctx, op)
	write(w, http.StatusOK, answer, responses(ctx))
}

// requestError is an answer to what was never executed: it has no data, not even null.
type requestError struct {
	Errors gqlerror.List `json:"errors"`
}

func refused(r *http.Request, answer string) (status int, message string) {
	mediaType, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		return http.StatusNotAcceptable, "send queries by POST; GraphiQL is at /graphiql"
	case r.Method != http.MethodPost:
		return http.StatusMethodNotAllowed, "send queries by POST"
	case err != nil || mediaType != typeJSON:
		return http.StatusUnsupportedMediaType, "send application/json"
	case params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8"):
		return http.StatusUnsupportedMediaType, "send UTF-8"
	case answer == "":
		return http.StatusNotAcceptable, "answers are " + typeResponse + " or " + typeJSON
	}
	return 0, ""
}

// accepted returns the type to answer with, "" where the client takes none that there is.
func accepted(headers []string) string {
	if len(headers) == 0 {
		return typeJSON
	}
	for _, part := range strings.Split(strings.Join(headers, ","), ",") {
		mediaType, params, err := mime.ParseMediaType(strings.TrimSpace(part))
		if err != nil || params["q"] == "0" || params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8") {
			continue
		}
		switch mediaType {
		case typeResponse:
			return typeResponse
		case typeJSON, "application/*", "*/*":
			return typeJSON
		}
	}
	return ""
}

// decodeParams reads one JSON object and nothing after it. Its errors are not to be shown.
func decodeParams(body io.Reader) (*graphql.RawParams, error) {
	raw, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	return parseParams(raw)
}

func parseParams(raw []byte) (*graphql.RawParams, error) {
	if raw = bytes.TrimLeft(raw, " \t\r\n"); len(raw) == 0 || raw[0] != '{' {
		return nil, errors.New("not an object")
	}
	var params graphql.RawParams
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&params); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	if params.Query == "" {
		return nil, errors.New("no query")
	}
	return &params, nil
}

func write(w http.ResponseWriter, status int, contentType string, answer any) {
	body, err := json.Marshal(answer)
	if err != nil {
		panic(err) // caught by the edge, which logs it: every part of an answer was encoded before
	}
	w.Header().Set("Content-Type", contentType+"; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// refuse answers a request that is no GraphQL request.
func refuse(w http.ResponseWriter, status int, message string) {
	write(w, status, typeJSON, requestError{Errors: gqlerror.List{{
		Message: message, Extensions: map[string]any{"code": fault.BadUserInput},
	}}})
}
