package checkpoint

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/resourcepool/resourcepool/server/clock"
)

// signer signs requests to S3: AWS Signature Version 4.
type signer struct {
	key, secret, region string
	clock               clock.Clock
}

func (s signer) sign(ctx context.Context, r *http.Request, content []byte) error {
	sum := sha256.Sum256(content)
	digest := hex.EncodeToString(sum[:])
	r.Header.Set("X-Amz-Content-Sha256", digest)
	plain := func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true } // S3 escapes paths once
	return v4.NewSigner(plain).SignHTTP(ctx, aws.Credentials{AccessKeyID: s.key, SecretAccessKey: s.secret}, r, digest, "s3", s.region, s.clock.Now())
}
