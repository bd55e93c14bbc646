# Is a webhook from Ferryman genuine? Needs Ruby 2.7 or newer and nothing else.
# WEBHOOK_SECRET=whsec_… ruby verify.rb "$X_FM_WEBHOOK_SIGNATURE" < body   # ends with 0 when it is, else 1

require "openssl"

TOLERANCE_SECONDS = 300

# `signature` is the header X-FM-Webhook-Signature, `body` the bytes as they arrived, before any parsing.
def genuine?(secret, signature, body)
  fields = signature.b.split(",").map { |field| field.strip.split("=", 2) }
  timestamp = fields.find { |name, _| name == "t" }&.last.to_s
  return false unless timestamp.match?(/\A[0-9]{1,12}\z/)
  return false if (Time.now.to_i - timestamp.to_i).abs > TOLERANCE_SECONDS

  expected = OpenSSL::HMAC.hexdigest("SHA256", secret, "#{timestamp}.".b + body)
  # There are two v1= while a secret is being rotated; one that matches is enough.
  fields.any? { |name, value| name == "v1" && OpenSSL.secure_compare(expected, value.to_s) }
end

if $PROGRAM_NAME == __FILE__
  exit genuine?(ENV.fetch("WEBHOOK_SECRET"), ARGV.fetch(0), $stdin.binmode.read)
end
