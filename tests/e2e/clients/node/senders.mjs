// Posts and reads with each client of Node, and prints each result as a line of JSON:
// senders.mjs <url of a Slack webhook> <url of the API> <address> <password> <channel id>
import client from "@mattermost/client";
import slack from "@slack/webhook";
import winston from "winston";
import SlackHook from "winston-slack-webhook-transport";

const [hook, url, address, password, channelId] = process.argv.slice(2);
const say = (name, result) => console.log(JSON.stringify([name, result]));

const sent = await new slack.IncomingWebhook(hook, { username: "bot" }).send({ text: "@slack/webhook" });
let refused;
try {
  await new slack.IncomingWebhook(hook.slice(0, -1) + "_").send("x");
} catch (error) {
  refused = error.code;
}
say("@slack/webhook", { answer: sent.text, refused });

const transport = new SlackHook({ webhookUrl: hook, formatter: (info) => ({ text: `winston: ${info.message}` }) });
const logged = new Promise((resolve, reject) => {
  transport.on("logged", resolve);
  transport.on("error", reject);
});
winston.createLogger({ transports: [transport] }).info("deployed");
await logged;
say("winston-slack-webhook-transport", "logged");

const api = new client.Client4();
api.setUrl(url);
const me = await api.login(address, password);
const post = await api.createPost({ channel_id: channelId, message: "@mattermost/client" });
const patched = await api.patchPost({ id: post.id, message: "@mattermost/client, edited" });
let missing;
try {
  await api.getPost("0".repeat(26));
} catch (error) {
  missing = [error.status_code, error.server_error_id];
}
const posts = await api.getPosts(channelId);
const webhook = await api.createIncomingWebhook({ channel_id: channelId, display_name: "Node" });
say("@mattermost/client", {
  me: me.email,
  edited: patched.message,
  newest: posts.posts[posts.order[0]].message,
  hook: webhook.display_name,
  missing,
  deleted: (await api.deletePost(post.id)).status,
  logout: (await api.logout()).status,
});
