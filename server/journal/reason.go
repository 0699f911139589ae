package journal

import "context"

type reasonKey struct{}

// Because returns a context that carries why something is done, as who does it says: the audit log has it.
func Because(ctx context.Context, reason string) context.Context {
	return context.WithValue(ctx, reasonKey{}, reason)
}

func reason(ctx context.Context) string {
	s, _ := ctx.Value(reasonKey{}).(string)
	return s
}
