package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
)

// presenter is the only place where an error turns into an answer. A fault is shown as it is, a document that does not
// parse or validate is the client's, and anything else is INTERNAL with a reference that the log line carries.
type presenter struct {
	log *slog.Logger
	ids *ids.Source
}

// panicked is an error that a resolver did not return.
type panicked struct {
	cause any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.cause) }

func recovered(_ context.Context, cause any) error {
	return &panicked{cause: cause, stack: debug.Stack()}
}

func (p presenter) present(ctx context.Context, err error) *gqlerror.Error {
	given := graphql.DefaultErrorPresenter(ctx, err)
	out := &gqlerror.Error{Message: given.Message, Path: given.Path, Locations: given.Locations}
	argument := responsePath(ctx, out)

	if f, ok := fault.As(err); ok && f.Code != fault.Internal {
		out.Message = f.Message
		out.Extensions = extensions(f, argumentOf(ctx, f, argument))
		return out
	}
	if code, ours := ofDocument(given); ours {
		out.Message = withoutValue(given.Message)
		out.Extensions = map[string]any{"code": code}
		if field := argumentInDocument(ctx, given); field != "" {
			out.Path = nil // where it has one, it is that of a variable, not of the answer
			out.Message = field + ": " + out.Message
			out.Extensions["field"] = field
		}
		return out
	}

	ref := string(p.ids.New(ids.Request))
	out.Message = "Something went wrong on our side."
	out.Extensions = map[string]any{"code": fault.Internal, "ref": ref}
	p.logInternal(ctx, ref, out.Path, err)
	return out
}

func (p presenter) logInternal(ctx context.Context, ref string, path ast.Path, err error) {
	attrs := []slog.Attr{slog.String("ref", ref), slog.String("path", path.String()), slog.Any("err", err)}
	if bad := (*panicked)(nil); errors.As(err, &bad) {
		attrs = append(attrs, slog.String("stack", string(bad.stack)))
	}
	level := slog.LevelError
	if ctx.Err() != nil { // the client has left: whatever broke, broke for that
		level = slog.LevelInfo
	}
	p.log.LogAttrs(ctx, level, "graphql: internal error", attrs...)
}

func extensions(f *fault.Error, field string) map[string]any {
	out := make(map[string]any, len(f.Details)+2)
	for k, v := range f.Details {
		out[k] = v
	}
	out["code"] = f.Code
	if field != "" {
		out["field"] = field
	}
	return out
}

// withoutValue cuts the value that a validation error quotes: it may be a key or a password that missed its quotes.
func withoutValue(message string) string {
	if message == "operation  not found" {
		return "the document has several operations: say which by operationName"
	}
	if at := strings.Index(message, " value: "); at >= 0 {
		return message[:at] + " value"
	}
	return message
}

// ofDocument returns the code of an error that gqlgen found in the document or its variables.
func ofDocument(err *gqlerror.Error) (fault.Code, bool) {
	switch err.Extensions["code"] {
	case errcode.ParseFailed, errcode.ValidationFailed:
		if err.Rule == rules.MaxIntrospectionDepth.Name || err.Message == tokenLimitMessage {
			return fault.TooComplex, true
		}
		return fault.BadUserInput, true
	}
	return "", false
}
