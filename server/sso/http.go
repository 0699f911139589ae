package sso

import (
	"errors"
	"net/http"
	"time"
)

const (
	answerTimeout = 10 * time.Second
	maxAnswer     = 1 << 20 // bytes
	maxHeader     = 64 << 10
)

// newClient returns a client that waits for nobody forever and takes nothing without end.
func newClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:errcheck // it is documented to be one
	transport.MaxResponseHeaderBytes = maxHeader
	return &http.Client{
		Transport: bounded{transport},
		Timeout:   answerTimeout,
		// A provider has one address. Elsewhere must not go what is meant for it: the client's secret, a code.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// bounded cuts answers off at maxAnswer.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if answer.ContentLength > maxAnswer {
		_ = answer.Body.Close()
		return nil, errors.New("sso: the answer is too large")
	}
	answer.Body = http.MaxBytesReader(nil, answer.Body, maxAnswer)
	return answer, nil
}
