/** The texts of the fields that say when failures disable a webhook, and how it comes back. */
export const disabling = {
  after: 'Disable it after this many failed attempts in a row',
  afterAbout: 'The attempts of all its deliveries count, and each success starts the count anew. From 5 to 100. Left empty: as the workspace says.',
  probe: 'Enable it again when its receiver answers',
  probeAbout: 'While failures keep it disabled, Ferryman sends it signed tests, and enables it when one is answered with 2xx.',
  asWorkspace: 'As the workspace says',
  saidBy: (value: string | number) => `As the workspace says: ${value}`,
};
