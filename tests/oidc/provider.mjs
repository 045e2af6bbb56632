/** A provider on loopback for one client: `node provider.mjs PORT REDIRECT_URI`. Whoever signs in as X is X@urzad.example. */
import Provider from "oidc-provider";

const [port, redirect] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "portal",
      client_secret: "a-secret-of-the-trial-only",
      redirect_uris: [redirect],
      post_logout_redirect_uris: [`${new URL(redirect).origin}/`],
    },
  ],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  cookies: { keys: ["a-key-of-the-trial-only"] },
  features: { devInteractions: { enabled: true } },
  pkce: { required: () => true },
  async findAccount(_ctx, id) {
    return {
      accountId: id,
      claims: () => ({
        sub: id,
        email: `${id}@urzad.example`,
        email_verified: !id.startsWith("unverified"),
        name: "Łucja Żak",
      }),
    };
  },
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
