package graph

import (
	"context"
	"fmt"
	"net/http"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/limit"
)

// caller is whom a request is counted under.
func caller(ctx context.Context) limit.Caller {
	c := limit.Caller{Address: requestFrom(ctx).IP}
	if a := actor(ctx); a.SignedIn() {
		c.Account, c.Token = string(a.ID), string(a.TokenID)
	}
	return c
}

// standing tells, on an answer, where its caller stands when it is written.
type standing struct {
	http.ResponseWriter
	ctx      context.Context
	requests *limit.Requests
}

func (s standing) WriteHeader(status int) {
	if policy, state := s.requests.Fields(caller(s.ctx)); policy != "" {
		s.Header().Set("RateLimit-Policy", policy)
		s.Header().Set("RateLimit", state)
	}
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (s standing) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// retryAfter is the header field of an answer that is nothing but a refusal for now, "" of any other.
func retryAfter(errs gqlerror.List) string {
	for _, err := range errs {
		if f, ok := fault.As(err); ok && f.Code == fault.RateLimited {
			return fmt.Sprint(f.Details["retryAfterSeconds"])
		}
	}
	return ""
}
