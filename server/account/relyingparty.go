package account

import (
	"net"
	"net/netip"
	"net/url"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// relyingParty is this pool as passkeys know it: by the host of its public address, and "localhost" for one on the
// loopback. It is nil where browsers make no passkeys: they want a name, and https or the loopback.
func relyingParty(public *url.URL, further []string) *webauthn.WebAuthn {
	if public == nil {
		return nil
	}
	id, origins := public.Hostname(), []string{public.Scheme + "://" + public.Host}
	ip, err := netip.ParseAddr(id)
	switch {
	case err == nil && (ip.IsLoopback() || ip.IsUnspecified()):
		id = "localhost"
		alias := id
		if port := public.Port(); port != "" {
			alias = net.JoinHostPort(id, port)
		}
		origins = append(origins, public.Scheme+"://"+alias)
	case err == nil || public.Scheme != "https" && id != "localhost":
		return nil
	}
	rp, err := webauthn.New(&webauthn.Config{
		RPID: id, RPDisplayName: "Resource Pool", RPOrigins: append(origins, further...),
		AttestationPreference: protocol.PreferNoAttestation,
		// A passkey is two factors in one where its device asked who is there, and says itself whose it is.
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired,
		},
		// Keepers of passkeys send outputs of extensions that nobody asked for. Nothing here reads any.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil { // the name is none that WebAuthn knows, such as one with a dot at its end
		return nil
	}
	return rp
}
