package checkpoint

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"github.com/resourcepool/resourcepool/server/clock"
)

// bucket is a place in a store that speaks S3. Put, get and list are all it takes: three signed requests.
type bucket struct {
	base   url.URL // scheme, host and /bucket
	prefix string  // "" or one that ends in a slash
	signer signer
	client *http.Client
}

var _ Place = (*bucket)(nil)

var errBucket = errors.New("must be s3://KEY:SECRET@host[:port]/bucket[/prefix]?region=…&insecure=1, with / in the secret written as %2F")

func newBucket(setting string, c clock.Clock, client *http.Client) (*bucket, error) {
	u, err := url.Parse(setting)
	if err != nil || u.Host == "" || u.User == nil || u.Fragment != "" {
		return nil, errBucket
	}
	secret, _ := u.User.Password()
	name, prefix, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if u.User.Username() == "" || secret == "" || name == "" {
		return nil, errBucket
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, errBucket
	}
	for key := range q {
		if key != "region" && key != "insecure" {
			return nil, fmt.Errorf("%w: it has no option %q", errBucket, key)
		}
	}
	b := &bucket{base: url.URL{Scheme: "https", Host: u.Host, Path: "/" + name}, client: client}
	b.signer = signer{key: u.User.Username(), secret: secret, region: q.Get("region"), clock: c}
	if b.signer.region == "" {
		b.signer.region = "us-east-1"
	}
	if q.Get("insecure") == "1" {
		b.base.Scheme = "http"
	}
	if prefix != "" {
		b.prefix = prefix + "/"
	}
	return b, nil
}

func (b *bucket) String() string { return "s3://" + b.base.Host + b.base.Path + "/" + b.prefix }

// listing is the part of an answer to ListObjectsV2 that is read.
type listing struct {
	Contents []struct{ Key string }
	Next     string `xml:"NextContinuationToken"`
}

func (b *bucket) List(ctx context.Context, after string) ([]string, error) {
	var names []string
	q := url.Values{"list-type": {"2"}, "prefix": {b.prefix}}
	if after != "" {
		q.Set("start-after", b.prefix+after)
	}
	for {
		body, err := b.do(ctx, http.MethodGet, "", q, nil)
		if err != nil {
			return nil, err
		}
		var page listing
		if err := xml.Unmarshal(body, &page); err != nil {
			return nil, fmt.Errorf("the list of the bucket can't be read: %w", err)
		}
		for _, c := range page.Contents {
			names = append(names, strings.TrimPrefix(c.Key, b.prefix))
		}
		if page.Next == "" {
			return sorted(names, after), nil
		}
		q.Set("continuation-token", page.Next)
	}
}

func (b *bucket) Read(ctx context.Context, name string) ([]byte, error) {
	return b.do(ctx, http.MethodGet, "/"+b.prefix+name, nil, nil)
}

func (b *bucket) Write(ctx context.Context, name string, content []byte) error {
	_, err := b.do(ctx, http.MethodPut, "/"+b.prefix+name, nil, content)
	return err
}

// mostAnswer bounds what is read of an answer: a list has 1000 names at most.
const mostAnswer = 8 << 20

func (b *bucket) do(ctx context.Context, method, path string, q url.Values, content []byte) ([]byte, error) {
	u := b.base
	u.Path += path
	u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20")
	r, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	if method == http.MethodPut {
		r.Header.Set("Content-Type", "text/plain; charset=utf-8")
		r.Header.Set("If-None-Match", "*") // never over what is there
	}
	if err := b.signer.sign(ctx, r, content); err != nil {
		return nil, err
	}
	resp, err := b.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		var reason struct{ Code string }
		_ = xml.Unmarshal(body, &reason) // without one the status has to do
		err := fmt.Errorf("the bucket answers %s %s", resp.Status, reason.Code)
		if resp.StatusCode == http.StatusNotFound && reason.Code == "NoSuchKey" {
			err = fmt.Errorf("%w: %w", fs.ErrNotExist, err)
		}
		return nil, err
	}
	return body, nil
}
