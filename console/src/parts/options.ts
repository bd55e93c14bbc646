import { texts } from '../texts';

type Option = { value: string; label: string; disabled?: boolean };
type Told<T> = { data?: T[] | undefined; isPending: boolean };

/**
 * The options of a list that the API tells, as its props. Until it has, one of them says so: a list that is opened stays
 * open, and moves above its field if there is more room for all of them.
 */
export function options<T>({ data, isPending }: Told<T>, of: (item: T) => Option) {
  // Its value is not empty: a form in which nothing is chosen has the empty one.
  const waiting: Option[] = isPending ? [{ value: 'loading', label: `${texts.loading} …`, disabled: true }] : [];
  return {
    data: [...(data ?? []).map(of), ...waiting],
    comboboxProps: { preventPositionChangeWhenVisible: false },
  };
}

/** The same for chats and people, which are chosen by name; of those alone that are `wanted`. */
export function named<T extends { id: string; name: string }>({ data, isPending }: Told<T>, wanted: (item: T) => boolean = () => true) {
  return options({ data: data?.filter(wanted), isPending }, ({ id, name }) => ({ value: id, label: name }));
}
