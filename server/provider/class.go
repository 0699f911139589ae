package provider

import (
	"net/http"
	"slices"
	"strings"
)

// The codes and types by which providers name a class, whatever the status. The last ones of a list are the numbers of
// Zhipu and SiliconFlow.
var (
	emptyCodes = []string{"insufficient_quota", "credit_balance_exhausted", "billing_hard_limit_reached", "billing_not_active", "billing_error",
		"exceeded_current_quota_error", "insufficient_balance", "insufficient_user_quota", "insufficient_credits", "blocked_api_access", "billing_disabled",
		"arrearage", "prepaidbilloverdue", "postpaidbilloverdue", "1113", "1309", "30001"}
	deadCodes = []string{"invalid_api_key", "incorrect_api_key", "api_key_invalid", "invalidapikey", "authentication_error", "invalid_authentication_error",
		"account_deactivated", "organization_restricted", "access_terminated", "consumer_suspended", "consumer_invalid", "service_disabled",
		"api_key_service_blocked", "api_key_ip_address_blocked", "api_key_http_referrer_blocked", "1110", "1111", "1112", "1121"}
	rateCodes  = []string{"rate_limit_exceeded", "rate_limit_error", "rate_limit_reached_error", "resource_exhausted"}
	overloaded = []string{"overloaded_error", "engine_overloaded_error", "unavailable", "1305", "1312"}
	noModel    = []string{"model_not_found", "model_decommissioned", "model_not_available", "model_not_supported", "unsupported_model", "invalid_model",
		"model_terms_required", "deploymentnotfound", "1211", "1220", "1221", "1222", "1311", "20012", "30003"}
	elsewhere = []string{"unsupported_country_region_territory"}

	// Messages are matched from their beginning: what a caller sent may be quoted further on, and must not decide about a
	// key, not even for the moment until another call confirms that it is dead.
	emptyMessages = []string{"your credit balance is too low", "you have reached your specified api usage limits", "insufficient balance",
		"insufficient credits", "key limit exceeded", "your prepayment credits are depleted", "your project has exceeded its monthly spending cap"}
	noModelStarts  = []string{"model not exist", "model does not exist", "the model does not exist", "unknown model"}
	rejectedStarts = []string{"content violates usage guidelines"} // xAI, with 403
	// The request is not for this model, whoever's key it is: OpenAI of chat models at other endpoints and the other way
	// round, OpenRouter of tools and the like. These come with 403 and 404.
	misplacedStarts = []string{"this is a chat model", "this is not a chat model", "this model is only supported in", "no endpoints found that support",
		"you are not allowed to sample from this model", "you are not allowed to generate embeddings from this model"}
	// The request alone is more than the key may do in a minute.
	oversizedStarts = []string{"request too large for"}
	// Where the answer depends on where the call comes from. Anthropic says just "Request not allowed".
	elsewhereStarts = []string{"country, region, or territory not supported", "user location is not supported", "request not allowed"}
	deadStarts      = []string{"this organization has been disabled", "your organization has been disabled", "your api key was reported as leaked",
		"incorrect api key", "invalid api key", "api key not valid", "api key is invalid", "api key expired",
		"access denied due to virtual network", "public access is disabled"}
)

func (e answerError) named(list []string) bool {
	return slices.Contains(list, e.code) || slices.Contains(list, e.kind)
}

func (e answerError) starts(list []string) bool {
	m := strings.ToLower(strings.TrimSpace(e.message))
	return slices.ContainsFunc(list, func(p string) bool { return strings.HasPrefix(m, p) })
}

func (e answerError) empty() bool {
	if e.named(emptyCodes) || e.starts(emptyMessages) {
		return true
	}
	m := strings.ToLower(e.message)
	head := m[:min(len(m), 160)]
	switch {
	case strings.HasPrefix(m, "your team "), strings.HasPrefix(m, "your newly created team "):
		return strings.Contains(head, " credits") // xAI: "Your team <id> has either used all available credits or …"
	case strings.HasPrefix(m, "account "):
		return strings.Contains(head, " is suspended") // Fireworks: a spending limit, or a bill that was not paid
	}
	return false
}

func (e answerError) dead() bool {
	return e.named(deadCodes) || e.starts(deadStarts)
}

// classOf tells the class of an answer that is no success. It is the error table of the product in code.
//
// A 403 may be about one model, the whole account, the place of the caller, or the prompt, and only its words tell which:
//   - the account (suspended, disabled, a leaked key, a key that may not be used from elsewhere): no model can be called any
//     more, so the key is dead, subject to Confirm like any other;
//   - the place (a country that the provider does not serve): it is our server's and the same for every key, so no key is to
//     blame and none will do better: a fault of the provider, from which the gateway backs off when several keys see it;
//   - the prompt (moderation): the client's fault;
//   - anything else: this key lacks this model.
func classOf(p *Provider, status int, e answerError) Class {
	limited := status == http.StatusTooManyRequests
	switch {
	case status >= 300 && status < 400:
		return Redirected
	case status >= 500, status == 498: // 498: Groq is out of capacity
		return ServerFault
	case status == http.StatusPaymentRequired:
		return Empty
	case limited && p.quirks.quotaIsRate && e.named([]string{"insufficient_quota"}):
		return RateLimited
	case e.empty() && status != http.StatusUnauthorized:
		return Empty
	case e.named(deadCodes):
		return Dead // Zhipu says 429 of an account that is locked
	case limited && e.named(overloaded), e.named(elsewhere), e.starts(elsewhereStarts):
		return ServerFault
	case limited && e.starts(oversizedStarts):
		return Oversized
	case limited, e.named(rateCodes) && status != http.StatusUnauthorized:
		return RateLimited
	case status == http.StatusUnauthorized, e.dead():
		return Dead
	case status == http.StatusForbidden && (e.moderated || e.starts(rejectedStarts)), status >= 400 && e.starts(misplacedStarts):
		return Rejected
	case status == http.StatusForbidden, status == http.StatusNotFound, status == http.StatusGone, e.named(noModel), e.starts(noModelStarts),
		status == 434, // Zhipu: the API is not open to this account
		status == http.StatusBadRequest && strings.HasSuffix(e.message, "is not a valid model ID"):
		return NoModel
	case status == http.StatusRequestTimeout, status == http.StatusConflict, status == http.StatusTooEarly:
		return ServerFault
	case status == http.StatusBadRequest, status == http.StatusRequestEntityTooLarge, status == http.StatusUnprocessableEntity,
		status == http.StatusUnavailableForLegalReasons, status == http.StatusRequestURITooLong, status == http.StatusFailedDependency:
		return Rejected
	}
	return Unreadable // a status that the dialect does not have
}
