# Is a webhook in the form of FluxDesk genuine? Needs Ruby 2.7 or newer and nothing else.
# WEBHOOK_SECRET=whsec_… ruby verify_fluxdesk.rb "$X_FLUXDESK_SIGNATURE" < body   # ends with 0 when it is, else 1

require "openssl"

# `signature` is the header X-FluxDesk-Signature, `body` the bytes as they arrived, before any parsing.
def genuine?(secret, signature, body)
  OpenSSL.secure_compare("v1=" + OpenSSL::HMAC.hexdigest("SHA256", secret, body), signature.b)
end

if $PROGRAM_NAME == __FILE__
  exit genuine?(ENV.fetch("WEBHOOK_SECRET"), ARGV.fetch(0), $stdin.binmode.read)
end
