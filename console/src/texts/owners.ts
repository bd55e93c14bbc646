/** The texts about the owner of a thing: that it lost its owner, and how somebody else gets it. */
export const owners = {
  owner: 'Owner',
  ownerAbout: 'If this person leaves or may no longer have it, it is disabled.',
  reasons: {
    owner_deactivated: 'Its owner was deactivated, so it was disabled.',
    owner_may_not: 'Its owner got a role that may not have it, so it was disabled.',
  } as Record<string, string>,
  wayBack: 'Hand it over to somebody who may have it, then enable it. It is also enabled where its owner may have it again.',
  askAdmin: 'If your role allows it again, enable it. An owner or admin can hand it over to somebody else.',
  handOver: 'Hand over',
  handOverTitle: (name: string) => `Hand over ${name}`,
  about: 'The new owner decides over it from now on. The former owner may still know its secrets: make new ones if they left.',
  to: 'New owner',
  done: 'It has a new owner',
  application: {
    disabledTitle: 'This application is disabled',
    disabledAbout: 'Its posts are refused, and its callback gets nothing. Enable it when that may go on.',
    enabledNow: 'The application is enabled',
    disabledNow: 'The application is disabled',
  },
  bot: {
    inactiveTitle: 'This bot is not active',
    inactiveAbout: 'Its tokens are refused, and its callbacks are not called. Activate it when that may go on.',
  },
};
