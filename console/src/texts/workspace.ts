/** The texts of the settings that hold for the whole workspace. */
export const workspace = {
  title: 'Workspace settings',
  about: 'These settings hold for all webhooks of the workspace, unless a webhook has its own.',
  after: 'Disable an outgoing webhook after this many failed attempts in a row',
  afterAbout: 'The attempts of all its deliveries count, and each success starts the count anew. From 5 to 100.',
  probe: 'Enable it again when its receiver answers',
  probeAbout: 'While failures keep a webhook disabled, Ferryman sends it signed tests, and enables it when one is answered with 2xx.',
  overrides: 'Senders may name another author and picture',
  overridesAbout: 'In posts to incoming webhooks that speak as Mattermost or Slack, where the webhook allows it too. A change holds within a minute.',
  saved: 'The settings are saved',
};
